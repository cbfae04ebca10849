/** Where a datagram comes from or goes to: a numeric host (IPv4 dotted, or canonical IPv6 without brackets) and a UDP port. */
export interface Address {
  /** IPv4 dotted; IPv6 in its canonical form, without brackets; v4-mapped IPv6 as IPv4. */
  readonly host: string
  /** 1–65535. */
  readonly port: number
  /** Follows from the host. */
  readonly family: 'ipv4' | 'ipv6'
}
