// What came of a ping, in words, and what to do about it. Pure functions.
import type { FoundServer, RejectReason } from 'tickwire'
import { harmless } from '../text.js'
import type { SessionFailure } from './ping-session.js'

/**
 * `open`: it takes players, and definitions were not compared. `joined`: it let this client in. `unresolved`: the host's name has no address. `no-word`: no answer to Hello.
 * The rest is why no session came about, or why the server refused.
 */
export type Outcome = 'open' | 'joined' | 'unresolved' | 'no-word' | Exclude<SessionFailure, 'denied'> | RejectReason

export interface Circumstances {
  readonly outcome: Outcome
  /** host:port as it was given. */
  readonly target: string
  readonly game: string
  readonly hasToken: boolean
  /** What the server, or the system, said. */
  readonly detail: string
  readonly timeoutMs: number
  /** The netcode request was answered, and then came nothing. */
  readonly wasAnswered: boolean
  /** The server at that address as LAN discovery knows it. */
  readonly advertised: Pick<FoundServer, 'game' | 'needsToken'> | undefined
}

export interface Verdict {
  readonly isGood: boolean
  readonly text: string
  /** What to do about it. */
  readonly advice: readonly string[]
}

export function verdictOf(circumstances: Circumstances): Verdict {
  const { outcome, target, game, timeoutMs } = circumstances
  const detail = harmless(circumstances.detail)
  switch (outcome) {
    case 'open':
      return good('The server is there and takes players.', [
        'Its message definitions were not compared: give --messages with the module of yours (compiled, exporting a MessageFactory) to try that too.',
      ])
    case 'joined':
      return good('The server let this client in, which left again at once: definitions and game are the same on both sides.')
    case 'unresolved':
      return bad(`Wrong host: the name in ${target} cannot be resolved (${detail}).`, [
        'Check its spelling, or give an address such as 203.0.113.7:9000.',
        'In a container or without internet: is there a DNS server?',
      ])
    case 'refused':
      return bad(`Dead port: the host is there, and nothing listens at the UDP port of ${target}.`, [
        'Is the server running, and did listen() resolve?',
        'Is the port right? server.address says where it listens; port 0 lets the system choose.',
        'Does it listen on this address? One that listens on 127.0.0.1 is not reached from other machines.',
      ])
    case 'unreachable':
      return bad(`No way to ${target}: ${detail}.`, [
        'Is this machine in that network, and has it an address of that family (IPv6)?',
        'EACCES or EPERM: a local firewall forbids it.',
      ])
    case 'silent':
      return bad(
        `Silence: ${circumstances.wasAnswered ? 'the handshake began, and then came nothing' : 'no answer'} from ${target} within ${timeoutMs} ms.`,
        silenceAdvice(circumstances),
      )
    case 'token-expired':
      return bad('The connect token has expired: no server takes it any more.', [
        'Mint a new one: tickwire token mint … --expires S; tickwire token inspect says when one expires.',
      ])
    case 'full':
      return bad(`The server is full: ${detail}.`, ['Try again when somebody has left, or raise its option maxPeers.'])
    case 'not-accepting':
      return bad(`The server takes nobody at present: ${detail}.`, ['It is closing, or acceptNewConnections is false: set that to true.'])
    case 'definitions':
      return bad(`Mismatched client: ${detail}.`, [
        'Both sides must be built from the same version of the messages module: build both, and restart the server.',
      ])
    case 'version':
      return bad(`Another version: ${detail}.`, [
        'Install the same version of tickwire on both sides; tickwire --version says which this one is.',
      ])
    case 'resume-refused':
      return bad(`Wrong token: ${detail}.`, [
        'Give --token a fresh connect token of the backend: this one was made for a player who comes back.',
      ])
    case 'rejected':
      return bad(`The server's own check refused this client${detail === '' ? '' : `: ${detail}`}.`, [
        'Its OnConnectRequest handler asks for more than a ping brings (a name, data, an account): the connection itself works.',
      ])
    case 'undecided':
      return bad('The server did not decide in time.', [
        'Its OnConnectRequest handler neither accepted nor rejected within 10 s: what does it wait for?',
      ])
    case 'auth-failed':
      return bad('The server asks who comes, and a ping logs in nowhere.', [
        'Its option auth wants a claim: the connection itself works, and a client with the right auth gets in.',
      ])
    case 'already-connected':
      return bad('The server has this identity in already.', ['Its option duplicateLogin is "reject": the other one has to leave first.'])
    case 'malformed':
      return bad(`The server could not read the Hello${detail === '' ? '' : `: ${detail}`}.`, [
        'Are both sides of the same version of tickwire?',
      ])
    case 'no-word':
      return bad('The server holds a session and answers no Hello.', [
        'Is it a netcode server of another library, or does its loop stand still (is update() called)?',
      ])
    case 'ended':
      return bad(`${target} ended the session.`, [
        'Did the server close or restart meanwhile? Another client with the same token takes its session over.',
      ])
    case 'lost':
      return bad(`${target} has gone silent in the middle.`, [
        'Did the server stop without closing, or does its loop stand still?',
        'Did the network change? Nothing arrived any more, not even keep-alives.',
      ])
    case 'interrupted':
      return bad(`Interrupted before ${target} had said whether game ${JSON.stringify(game)} takes players.`, [])
  }
}

/** A server that does not like a request says nothing, on purpose: what can be known is asked for elsewhere. */
function silenceAdvice({ game, hasToken, advertised, wasAnswered }: Circumstances): string[] {
  if (advertised !== undefined) {
    const theirs = harmless(advertised.game)
    if (advertised.game !== game && !hasToken)
      return [
        `Wrong game: the server at this port is advertised as ${JSON.stringify(theirs)}, and ${JSON.stringify(game)} was asked for: give --game ${theirs}.`,
      ]
    if (advertised.needsToken && !hasToken)
      return [
        'The server is in token mode: get a connect token from its backend, or mint one (tickwire token mint), and give --token FILE.',
      ]
    if (hasToken)
      return [
        'The server is there, and does not take this token. Was it minted with its privateKey, for its game and its public address, and never used before?',
        'tickwire token inspect FILE --key KEY says what is in it. The server warns of the cause on its console.',
      ]
    return [
      'LAN discovery finds this server, of the same game and in open mode: only its game port says nothing. Does a firewall let that UDP port through?',
    ]
  }
  if (wasAnswered) return ['Packets get through now and then: is the link lossy, or does the server stop meanwhile?']
  return [
    ...(hasToken
      ? [
          'Was the token minted with the privateKey of this server, for its game and its public address, and never used before? tickwire token inspect says what is in it.',
        ]
      : [
          `Is its option game ${JSON.stringify(game)}? A server of another game, or protocol, says nothing (--game NAME).`,
          'Is it in token mode (privateKey)? Then give --token FILE.',
        ]),
    'Does a firewall, a router or a cloud security group let this UDP port through, in both directions?',
    "Is it the right machine, and is the server's update() called?",
  ]
}

function good(text: string, advice: readonly string[] = []): Verdict {
  return { isGood: true, text, advice }
}

function bad(text: string, advice: readonly string[]): Verdict {
  return { isGood: false, text, advice }
}
