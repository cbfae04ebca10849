// UTF-8, written and read by hand, against the platform's TextEncoder and TextDecoder.
import { isUtf8, NO_ROOM, readText, TOO_LONG, utf8Bytes, writeText } from '../../lib/messages/text.js'
import { bytesOf, check, sameBytes, type Target } from '../target.js'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

function platformText(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

function checkWriting(text: string): void {
  const encoded = encoder.encode(text)
  check(utf8Bytes(text) === encoded.length, 'the bytes of a text are counted as TextEncoder writes them')
  for (const maxBytes of [200, 300]) {
    const out = new Uint8Array(encoded.length + 2)
    const end = writeText(out, 0, text, maxBytes)
    if (encoded.length > maxBytes) {
      check(end === TOO_LONG || end === NO_ROOM, 'a text that is too long is refused')
      continue
    }
    const start = maxBytes <= 255 || encoded.length < 128 ? 1 : 2
    check(end === start + encoded.length, 'a written text has its length')
    check(sameBytes(out.slice(start, end), encoded), 'a text is written as TextEncoder writes it')
    check(writeText(new Uint8Array(end - 1), 0, text, maxBytes) === NO_ROOM, 'one byte less is no room')
  }
}

export const text: Target = {
  name: 'text',
  about: 'UTF-8 written and read by hand, against TextEncoder and TextDecoder',
  format: 'bytes',
  maxBytes: 300,
  share: 50,
  dictionary: [
    bytesOf('é'),
    bytesOf('€'),
    bytesOf('😀'),
    bytesOf(0xed, 0xa0, 0x80),
    bytesOf(0xed, 0xb0, 0x80),
    bytesOf(0xc0, 0x80),
    bytesOf(0xe0, 0x80, 0x80),
    bytesOf(0xf4, 0x90, 0x80, 0x80),
    bytesOf(0xef, 0xbb, 0xbf),
    bytesOf(0xf0, 0x90, 0x80, 0x80),
  ],
  run(input) {
    const expected = platformText(input)
    check(isUtf8(input, 0, input.length) === (expected !== undefined), 'valid UTF-8 is what TextDecoder takes')
    const surrounded = bytesOf(0xff, input, 0x80)
    check(readText(surrounded, 1, input.length) === expected, 'a text is read as TextDecoder reads it')
    if (expected !== undefined) checkWriting(expected)
    // Any UTF-16, lone surrogates too.
    checkWriting(String.fromCharCode(...new Uint16Array(input.slice(0, input.length & ~1).buffer)))
  },
  seeds: () => [
    bytesOf(''),
    bytesOf('hello'),
    bytesOf('twenty-four characters!!'),
    bytesOf('äöü – 日本語'),
    bytesOf('😀😀'),
    bytesOf(0xed, 0xa0, 0x80),
    bytesOf('x'.repeat(49)),
    bytesOf('é'.repeat(130)),
  ],
}
