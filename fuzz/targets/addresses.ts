// Addresses as text and as netcode writes them, against node:net.
import { isIP } from 'node:net'
import {
  addressBytes,
  canonicalHost,
  formatAddress,
  MAX_ADDRESS_BYTES,
  parseAddress,
  readAddress,
  storedAddressBytes,
  writeAddress,
} from '../../lib/wire/address.js'
import { bytesOf, check, sameBytes, type Target } from '../target.js'

/** What the function gives; undefined where it throws an error that says what it expected. Any other error goes on. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if ((error instanceof TypeError || error instanceof RangeError) && error.message.includes('expected')) return undefined
    throw error
  }
}

function checkText(text: string): void {
  const address = attempt(() => parseAddress(text))
  if (address !== undefined) {
    const written = formatAddress(address)
    const again = parseAddress(written)
    check(again.host === address.host && again.port === address.port && again.family === address.family, 'a formatted address is read back')
    const bytes = new Uint8Array(MAX_ADDRESS_BYTES)
    const end = writeAddress(bytes, 0, address)
    check(end === addressBytes(address), 'a stored address has its length')
    const stored = readAddress(bytes, 0, end)
    check(
      stored !== undefined && stored.host === address.host.split('%')[0] && stored.port === address.port,
      'a stored address is read back, without its zone',
    )
  }
  const host = attempt(() => canonicalHost(text))
  // A zone stands behind an IPv6 host only; node:net takes fewer characters for one than interfaces have.
  const [, v6, zone] = /^([^%]*:[^%]*)(?:%(.*))?$/s.exec(text) ?? []
  const isNumeric = v6 === undefined ? isIP(text) === 4 : isIP(v6) === 6 && (zone === undefined || /^[\w.~:-]+$/.test(zone))
  check((host !== undefined) === isNumeric, 'a numeric host is what node:net takes for one')
  if (host !== undefined) check(canonicalHost(host) === host, 'a canonical host stays as it is')
}

function checkStored(input: Uint8Array): void {
  const address = readAddress(input, 0, input.length)
  const length = storedAddressBytes(input, 0, input.length)
  check((address === undefined) === (length === 0), 'a stored address is read where it is whole and of a known type')
  if (address === undefined) return
  check(isIP(address.host) === (address.family === 'ipv4' ? 4 : 6), 'a stored address has a numeric host')
  const bytes = new Uint8Array(MAX_ADDRESS_BYTES)
  const end = writeAddress(bytes, 0, address)
  // An IPv4-mapped one is written as IPv4, in 7 bytes in place of 19.
  if (end === length) check(sameBytes(bytes.slice(0, end), input.slice(0, length)), 'an address is stored again as it was')
  else check(length === 19 && end === 7, 'only a mapped address changes its length')
}

export const addresses: Target = {
  name: 'addresses',
  about: 'addresses as text and as netcode stores them, against node:net',
  format: 'bytes',
  maxBytes: 80,
  share: 40,
  dictionary: ['::', '::ffff:', '[', ']:', '%eth0', '255', '256', '0', '00', ':65535', ':65536', '.', 'fe80', '1.2.3.4', '2001:db8'].map(
    (word) => bytesOf(word),
  ),
  run(input) {
    checkText(new TextDecoder().decode(input))
    checkStored(input)
  },
  seeds: () => [
    bytesOf('1.2.3.4:80'),
    bytesOf('[2001:db8::1]:65535'),
    bytesOf('[fe80::1%eth0]:9000'),
    bytesOf('::ffff:1.2.3.4'),
    bytesOf('1:2:3:4:5:6:7:8'),
    bytesOf('64:ff9b::192.0.2.33'),
    bytesOf('255.255.255.255'),
    bytesOf(1, 127, 0, 0, 1, 0x28, 0x23),
    bytesOf(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1, 0x28, 0x23),
    bytesOf(2, 1, 32, 184, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80, 0),
  ],
}
