// Payloads for tests: each says which it is, and shows where it was harmed.

/** A payload of at least four bytes that carries its number. */
export function payload(number: number, bytes = 4): Uint8Array {
  const result = new Uint8Array(Math.max(4, bytes))
  result[0] = number >>> 24
  result[1] = number >>> 16
  result[2] = number >>> 8
  result[3] = number
  for (let i = 4; i < result.length; i++) result[i] = number + i * 7
  return result
}

/** The number of a payload. Throws where a byte is not what was sent. */
export function numberOf(bytes: Uint8Array): number {
  const number = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
  for (let i = 4; i < bytes.length; i++)
    if (bytes[i] !== ((number + i * 7) & 255)) throw new Error(`message ${number} is harmed at byte ${i}`)
  return number
}

/** [0, 1, … count − 1]. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
