/** Where a datagram comes from or goes to: a numeric host (IPv4 dotted, or canonical IPv6 without brackets) and a UDP port. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly family: 'ipv4' | 'ipv6'
}
