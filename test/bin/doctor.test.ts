// `tickwire doctor`, as a process.
import t from 'tap'
import { runProcess } from './run-cli.js'

t.test('doctor says of each part what is in use, with advice wherever something is not ok', async (t) => {
  const { code, stdout } = await runProcess(['doctor', '--json'])
  const { problems, findings } = JSON.parse(stdout)
  t.equal(code, problems === 0 ? 0 : 1)
  const names = findings.map(({ name }: { name: string }) => name)
  for (const name of [
    'tickwire',
    'node',
    'platform',
    'transport batched',
    'transport dgram',
    'crypto node:crypto',
    'optional koffi',
    'optional sodium-native',
    'receive buffer',
    'send buffer',
    'IPv4 loopback',
    'IPv6 loopback',
    'dual stack',
    'broadcast',
    'discovery ports',
    'clock',
    'timers',
  ])
    t.ok(names.includes(name), name)
  t.equal(new Set(names).size, names.length, 'each has a name of its own')
  for (const { level, name, text, advice } of findings) {
    t.match(level, /^(ok|note|problem)$/, name)
    t.ok(text.length > 0)
    if (level !== 'ok') t.ok(advice.length > 0, `${name} has advice`)
  }
  t.match(
    findings.find(({ name }: { name: string }) => name === 'IPv4 loopback'),
    { level: 'ok' },
    'these tests run on it',
  )
  for (const { name, level, text } of findings)
    if (name.startsWith('optional ') && level === 'ok') t.match(text, /^\d+\.\d+\.\d+/, `${name}: its version`)
  t.ok(findings.filter(({ name, data }: any) => name.startsWith('transport ') && data?.isInUse).length === 1, 'one transport is in use')
  t.ok(findings.filter(({ name, data }: any) => name.startsWith('crypto ') && data?.isInUse).length === 1, 'one provider is in use')
})
