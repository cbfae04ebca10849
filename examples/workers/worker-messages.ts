// What the main thread and its workers say to each other. No code.

export interface WorkerOptions {
  readonly number: number
  readonly port: number
  readonly maxPeers: number
}

export type WorkerCommand = 'count' | 'close'

export type WorkerReport =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'count'; readonly players: number; readonly inputs: number }
