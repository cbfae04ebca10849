// Reads a payload into its frames, by the tables of docs/PROTOCOL.md and not by the code under test.

export interface Frame {
  readonly type: number
  /** Of WINDOW and fragments: the lane or channel. */
  readonly channel?: number
  /** First id or number. */
  readonly id?: number
  readonly messages: { readonly typeId: number; readonly payload: Uint8Array }[]
  /** Of fragments. */
  readonly totalBytes?: number
  readonly firstBlock?: number
}

/** Every frame of a payload; throws where it is malformed. */
export function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('cut off')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  const u24 = (): number => bytes[at++]! | (bytes[at++]! << 8) | (bytes[at++]! << 16)
  const message = (): Frame['messages'][number] => {
    const typeId = varint()
    const length = varint()
    at += length
    return { typeId, payload: bytes.slice(at - length, at) }
  }
  while (at < bytes.length) {
    const type = bytes[at++]!
    if (type === 0x00) frames.push({ type, messages: [] })
    else if (type === 0x01) {
      at += 4
      varint()
      const further = bytes[at++]!
      for (let i = 0; i < 1 + 2 * further; i++) varint()
      frames.push({ type, messages: [] })
    } else if (type === 0x03 || type === 0x04) {
      at += type === 0x03 ? 8 : 40
      frames.push({ type, messages: [] })
    } else if (type === 0x05) {
      const channel = bytes[at++]!
      const id = u24()
      frames.push({ type, channel, id, totalBytes: varint(), messages: [] })
    } else if (type === 0x10) {
      frames.push({ type, messages: Array.from({ length: bytes[at++]! }, message) })
    } else if (type === 0x11 || type === 0x12) {
      frames.push({ type, id: u24(), messages: [message()] })
    } else if (type === 0x13 || type === 0x14) {
      const channel = bytes[at++]!
      const id = u24()
      frames.push({ type, channel, id, messages: Array.from({ length: bytes[at++]! }, message) })
    } else if (type === 0x15 || type === 0x16) {
      // For those who look, a run like any other.
      const channel = bytes[at++]!
      const id = u24()
      const count = bytes[at++]!
      const typeId = varint()
      const length = varint()
      const payloads = Array.from({ length: count }, (_, i) => bytes.slice(at + i * length, at + (i + 1) * length))
      at += count * length
      frames.push({ type: type - 2, channel, id, messages: payloads.map((payload) => ({ typeId, payload })) })
    } else if (type >= 0x18 && type <= 0x1b) {
      const channel = type >= 0x1a ? bytes[at++]! : 0
      const id = u24()
      const typeId = varint()
      const totalBytes = varint()
      const firstBlock = varint()
      const length = varint()
      at += length
      frames.push({ type, channel, id, totalBytes, firstBlock, messages: [{ typeId, payload: bytes.slice(at - length, at) }] })
    } else throw new Error(`no frame has the type ${type}`)
    if (at > bytes.length) throw new Error('cut off')
  }
  return frames
}
