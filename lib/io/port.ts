// UDP port numbers, checked where a caller names one.

export function isPort(port: number, min: 0 | 1): boolean {
  return Number.isInteger(port) && port >= min && port <= 65_535
}

/** A RangeError with the code that node:dgram gives it, for the argument `name`. */
export function portError(name: string, min: 0 | 1, port: number): RangeError & { code: string } {
  return Object.assign(new RangeError(`"${name}" expected integer ${min}–65535, got ${port}`), { code: 'ERR_SOCKET_BAD_PORT' })
}

/** Throws a RangeError for a port out of range. `min` is 0 where 0 means any port. */
export function requirePort(name: string, port: number, min: 0 | 1): void {
  if (!isPort(port, min)) throw portError(name, min, port)
}
