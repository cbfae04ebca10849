/** Calls back when a signal is aborted; at once where it is. Returns what takes it back: a signal may live much longer than what waits for it. */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  const handle = (): void => callback(signal.reason)
  if (signal.aborted) handle()
  else signal.addEventListener('abort', handle, { once: true })
  return () => signal.removeEventListener('abort', handle)
}
