// What `tickwire doctor` makes of what it measured.
import t from 'tap'
import { clockFinding, timerFinding } from '../../../bin/doctor/clocks.js'
import { broadcastFinding, bufferFinding, discoveryPortsFinding } from '../../../bin/doctor/network.js'
import { nodeFinding } from '../../../bin/doctor/runtime.js'

t.test('a Node below the range is a problem, an odd line a note', async (t) => {
  t.match(nodeFinding('20.18.3', '>=20.19'), { level: 'problem', advice: /Node 20\.19/ })
  t.match(nodeFinding('18.20.0', '>=20.19'), { level: 'problem' })
  t.match(nodeFinding('20.19.0', '>=20.19'), { level: 'ok' })
  t.match(nodeFinding('22.1.0', '>=20.19'), { level: 'ok' })
  t.match(nodeFinding('23.5.0', '>=20.19'), { level: 'note' })
})

t.test('a buffer that is smaller than asked for names the setting that raises it', async (t) => {
  t.match(bufferFinding('receive', 4_194_304, 212_992, 212_992), {
    level: 'note',
    text: /208 KiB of the 4096 KiB asked for \(net\.core\.rmem_max is 212992\)/,
    advice: /sysctl -w net\.core\.rmem_max=4194304/,
  })
  t.match(bufferFinding('send', 4_194_304, 65_536, 65_536), { advice: /net\.core\.wmem_max/ })
  t.match(bufferFinding('send', 4_194_304, 65_536, undefined), { advice: /maxsockbuf/ })
  const fine = bufferFinding('send', 4_194_304, 4_194_304, 8_000_000)
  t.equal(fine.level, 'ok')
  t.equal(fine.advice, undefined)
})

t.test('some discovery ports may be taken, and not all', async (t) => {
  const all = Array.from({ length: 16 }, (_, i) => 23_600 + i)
  t.match(discoveryPortsFinding([], ''), { level: 'ok', text: /are free/ })
  t.match(discoveryPortsFinding([23_600], ''), { level: 'ok', text: /23600 taken/ })
  t.match(discoveryPortsFinding(all, ''), { level: 'problem', advice: /tickwire discover/ })
  t.match(discoveryPortsFinding(all, 'EPERM'), { level: 'problem', text: /EPERM/ })
})

t.test('without a network to broadcast in, only this host can be searched', async (t) => {
  t.match(broadcastFinding(['192.168.1.255']), { level: 'ok', text: /192\.168\.1\.255/ })
  t.match(broadcastFinding([], { lo: [] }), { level: 'note', text: /interfaces: lo/, advice: /--address/ })
})

t.test('a coarse clock and late timers are notes', async (t) => {
  t.match([clockFinding(0.0001), clockFinding(1)], [{ level: 'ok' }, { level: 'note', advice: /Round trips/ }])
  t.match([timerFinding(1.2), timerFinding(15.6)], [{ level: 'ok' }, { level: 'note', advice: /run\(\)/ }])
})
