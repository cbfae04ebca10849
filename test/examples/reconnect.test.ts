// Real processes, real sockets: what becomes of a player in each of four accidents.
import t from 'tap'
import { ACCIDENTS } from '../../examples/reconnect/accidents.js'
import { playAccident } from '../../examples/reconnect/scene.js'

const EXPECTED: Readonly<Record<(typeof ACCIDENTS)[number], readonly RegExp[]>> = {
  // The server's time-out is over before the client goes on.
  frozen: [/^server {2}OnDrop ada: nothing arrived/, /^client {2}OnDrop/, /^server {2}OnResume ada/, /^client {2}OnResume/],
  socket: [/^client {2}OnDrop: the socket failed/, /^server {2}OnDrop/, /^server {2}OnResume ada/, /^client {2}OnResume/],
  address: [/^client {2}OnDrop: nothing arrived/, /^server {2}OnDrop/, /^server {2}OnResume ada/, /^client {2}OnResume/],
  server: [
    /^client {2}OnDrop/,
    /^client {2}OnError TIMEOUT/,
    /^client {2}OnDisconnect: timeout the server does not know who wants to come back/,
  ],
}

t.jobs = ACCIDENTS.length
await Promise.all(
  ACCIDENTS.map((accident) =>
    t.test(
      accident,
      { buffered: true, skip: process.platform === 'win32' && accident === 'frozen' ? 'no SIGSTOP here' : false },
      async (t) => {
        const { sent, done, lines } = await playAccident(accident, () => {})
        const log = lines.join('\n')
        t.notMatch(log, /WRONG/)
        let at = -1
        for (const line of EXPECTED[accident]) {
          const found = lines.findIndex((text, i) => i > at && line.test(text))
          t.ok(found > at, `${line}\n${log}`)
          at = found
        }
        if (accident !== 'server') t.equal(done, sent, 'every deed counts')
        t.equal(lines.filter((line) => line.startsWith('client  OnDisconnect')).length, 1)
        t.ok(lines.filter((line) => line.startsWith('server  OnDisconnect')).length <= 1)
      },
    ),
  ),
)
