// Every bound of the library, with unit, default and reason. A queue, loop or table without a line here is a bug.

// ── Datagrams ──

/** Bytes of one datagram that we send: 1280 (IPv6 minimum MTU) − 40 (IPv6) − 8 (UDP) − 32 spare. */
export const MTU = 1200

/** Bytes that a packet may be filled up with: one and a half blocks of a fragment, a twelfth of a packet. What is emptier leaves as it is. */
export const MAX_PADDING_BYTES = 96

/** Datagrams that wait in a transport's inbox. 8192 × 1200 B = 10 MB, a tenth of a second at 800 Mbit/s. */
export const MAX_INBOX_DATAGRAMS = 8192

/** Bytes asked for of the system's socket buffers. The system may give less (`net.core.rmem_max`). */
export const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

/** Datagrams that one update() takes from the inbox: 40 ms of work at 10 µs each, so that a flood cannot hold the game loop for longer. */
export const MAX_DATAGRAMS_PER_UPDATE = 4096

/** Decoded messages that wait for their handlers. When as many wait, update() takes no more datagrams from the inbox. 4096 datagrams × 33 small messages fit. */
export const MAX_QUEUED_EVENTS = 131_072

// ── Messages ──

/** Default of `maxMessageBytes`: what one message may take when encoded. */
export const MAX_MESSAGE_BYTES = 256 * 1024

/** The largest `maxMessageBytes` that can be asked for. */
export const MAX_MESSAGE_BYTES_LIMIT = 16 * 1024 * 1024

/** Default of `maxSendQueueBytes`: encoded bytes that one connection holds, waiting or unacknowledged. Ten seconds at 6.7 Mbit/s. */
export const MAX_SEND_QUEUE_BYTES = 8 * 1024 * 1024

/** Defaults of `outbox`: what may wait on a connection whose link is dead. 4096 messages are 30 s of what a game says reliably at 136 a second. */
export const MAX_OUTBOX_MESSAGES = 4096
export const MAX_OUTBOX_BYTES = 1024 * 1024

/** Default of `resumeGraceMs`: long enough to walk out of a lift, short enough that a place in a match is not held for nobody. */
export const RESUME_GRACE_MS = 30_000

/** A server remembers why so many of its last peers that could have come back have ended, to tell those that try: 64 KiB. */
export const MAX_REMEMBERED_ENDS = 1024

/** Connect tokens that a server mints for one absence: each opens one link, and is used up where the address changes again before it has. */
export const RESUME_TOKENS = 4

/** A connect token that a server mints for coming back lives this long, in seconds: a week. It is of use only to the one who has it, once, and while the server runs. */
export const RESUME_TOKEN_SECONDS = 7 * 24 * 3600

/** Ordering lanes that a game can name, 0–31. */
export const MAX_CHANNELS = 32

/** The channel of Hello, Welcome, Reject and Goodbye; no game message can name it. */
export const CONTROL_CHANNEL = 255

/** Bytes of one control message. The largest that is sent is Hello: 16,384 definitions × 4 + 16 KiB of data + a resume token + a log-in of 4 KiB = 90 KiB at most. */
export const MAX_CONTROL_BYTES = 128 * 1024

/**
 * The first type id of the library's own messages on the game's channels, right behind the ids of definitions (0 to 2^14 − 1), and how many are kept for them. They are in no factory, so that ids and fingerprints of a game are its own;
 * `lib/sessions/system-messages.ts` says which there are.
 */
export const FIRST_SYSTEM_ID = 16_384
export const SYSTEM_IDS = 16

/** Priorities are 0–7; the higher goes first. */
export const PRIORITIES = 8

/** Messages of one lane that may be on their way at once: the default message window. 16,384 ids are far below half of the 2^24 that the wire tells apart. */
export const MESSAGE_WINDOW = 16_384

/**
 * Bytes of one lane that may be on their way at once, unless 2 × maxMessageBytes is more. The window is raised when half of it is used, so half has to hold what an ordered lane needs where packets get lost: all that is sent from a packet's first loss to the arrival of its third copy, 3.5 round trips.
 * 12 MB/s at a round trip of 100 ms.
 */
export const BYTE_WINDOW = 8 * 1024 * 1024

/** Fragments are cut at multiples of this many bytes, so that any packet can be filled to within 64 bytes and a bit says what has arrived. */
export const BLOCK_BYTES = 64

/** How many times its own size the first fragment of a large message may take. One that fills a packet takes a message of 290 kB whole; all fragments of a packet together no more. */
export const MAX_REASSEMBLY_GAIN = 256

/** Bytes of one segment of a large message whose first fragment was too small to take it whole: four datagrams fill one; a block that comes alone takes no more than this. */
export const SEGMENT_BYTES = 4096

/** Until the first packet shows what the link holds, a framed message above this counts as large: 1183 (the largest payload of a 1200-byte datagram) − 6 (frame) − 25 spare. */
export const MAX_WHOLE_BYTES = 1152

/** Incomplete unreliable and sequenced messages that are kept at once; the oldest gives way. */
export const MAX_UNRELIABLE_REASSEMBLIES = 16

/** Numbers of unreliable messages remembered to tell repeats apart (one bit each). */
export const UNRELIABLE_HISTORY = 1024

/** The largest message that `redundancy` repeats, in bytes. */
export const MAX_REDUNDANT_BYTES = 128

/** Messages of one connection that are being repeated at once; a further one is sent without repeats. 16 repeats × 4 definitions. */
export const MAX_REDUNDANT_MESSAGES = 64

/**
 * Early repeats: a small reliable message of a thin stream rides again in the next packets with messages, as often as it takes for the chance that all of them are lost to fall to this. At 5 % loss that is twice, at 1 % once, at 0.04 % and
 * less never.
 */
export const EARLY_REPEAT_RESIDUAL = 1 / 2500

/** Early repeats of one message at most; from 14 % loss on. */
export const MAX_EARLY_REPEATS = 4

/** The largest message that is repeated early, with its header, in bytes, and so many at once: 8 × 64 = 512 bytes of a packet at most. */
export const MAX_EARLY_BYTES = 64
export const MAX_EARLY_MESSAGES = 8

/** An unreliable message that pacing or congestion holds back for longer is dropped: it is stale. */
export const MAX_UNRELIABLE_HOLD_MS = 100

/** Bytes of one slab of the payload pool; a larger message gets a slab of its own. */
export const SLAB_BYTES = 64 * 1024

/** The first slab of a pool. */
export const FIRST_SLAB_BYTES = 4096

/** Free slabs and message records that the pool keeps for later. 64 × 64 KiB = 4 MiB. */
export const MAX_FREE_SLABS = 64
export const MAX_FREE_MESSAGES = 65_536

// ── Strangers and floods ──

/** Networks (IPv4 hosts, IPv6 /64s) whose replies, or failed log-ins, are counted each; the oldest is forgotten. */
export const MAX_COUNTED_NETWORKS = 1024

/** Sessions of one network that hold a slot and are not accepted yet, at least; a quarter of `maxPeers` where that is more. Further ones wait, and come in as these are decided. */
export const MIN_JOINING_OF_NETWORK = 16

/**
 * Default of `maxMessagesPerSecond`: what one client may send a server, messages, packets and sixteenths of what is in arrays and packed data together, in a second and in one burst. A 60 Hz game with ten messages a tick needs 660; an upload of full packets gets 24 MB/s.
 * 20,000 × 0.2 µs is 0.4 % of a core.
 */
export const MAX_MESSAGES_PER_SECOND = 20_000

// ── Log-ins ──

/** Bytes of a scheme and its claim when packed: a JSON Web Token with a signature of RSA and some dozen claims takes 1–2 KiB. */
export const MAX_AUTH_BYTES = 4096

/** Authenticators that may be at work at once; further log-ins wait, or run out of time. Who has left counts until its authenticator has answered, so a database that hangs is not asked without end. */
export const MAX_AUTHENTICATIONS = 256

/** Log-ins of one network that may fail, at once and a second; above it they fail unasked. A guesser has 86,400 guesses a day: nothing against a secret of 40 random bits. */
export const AUTH_FAILURE_BURST = 5
export const AUTH_FAILURES_PER_SECOND = 1

// ── Watching and waiting ──

/** Watchdogs look at every peer this often: 10,000 peers × 0.2 µs is 2 ms, and their limits are seconds. */
export const WATCHDOG_MS = 100

/** Updates whose duration a server remembers, and for how long: 512 × 16 B = 8 KiB; at 60 Hz 8.5 s. */
export const TIMED_UPDATES = 512
export const TIMED_UPDATES_MS = 10_000

/** Default of a stream's `limit`, and its bound: messages that wait to be read. A second of 1000 a second. */
export const STREAM_MESSAGES = 1024
export const MAX_STREAM_MESSAGES = 65_536

/** Promises of `waitFor` and streams that are open at once on one endpoint. Each is asked about every message of its type, so that thousands would be slow anyway. */
export const MAX_MESSAGE_WAITS = 1024

// ── LAN discovery ──

/**
 * The first of the UDP ports at which advertised servers are asked. Registered for nothing else, and below the ports that systems give to sockets that ask for any
 * (Linux: 32,768 and above; others: 49,152).
 */
export const DISCOVERY_PORT = 23_600

/** A server takes the first of so many ports that is free; so many of one host can be found. A search asks at each. */
export const DISCOVERY_PORTS = 16

/** Bytes of every query. No reply is larger, so that a query with a forged sender gains nothing. The largest reply takes 470. */
export const DISCOVERY_QUERY_BYTES = 512

/** Bounds of what a reply tells, in bytes. */
export const MAX_DISCOVERY_NAME_BYTES = 64
export const MAX_DISCOVERY_INFO_BYTES = 256

/** Queries that wait for an advertised server, and that one update() looks at. The newest is refused. */
export const MAX_QUERIES = 64

/** Replies of one advertised server a second, and in one burst: to all, and to one host. A search sends five rounds of queries in its first second, by each way to the server. */
export const REPLIES_PER_SECOND = 200
export const REPLIES_PER_SECOND_AND_HOST = 20
export const REPLY_BURST = 40

/** Hosts and broadcast addresses that one search asks. 64 × 16 ports × 512 B = 512 KiB a round. */
export const MAX_DISCOVERY_TARGETS = 64

/** The last rounds of a search, which a reply can still answer. They leave one a second, so an answer has 16 s. */
export const MAX_TIMED_ROUNDS = 16

/** Servers that one search finds, at most; it ends there. */
export const MAX_FOUND_SERVERS = 1024

// ── Packets ──

/** Ack ranges that are remembered and sent, newest first. */
export const MAX_ACK_RANGES = 64

/** Packets whose fate is open or that may still prove to be spuriously lost. 8192 × 1200 B = 9.8 MB. A link tells apart replays within 4096 packets, so acks come sooner. */
export const MAX_TRACKED_PACKETS = 8192

/** Free records of such packets that a thread keeps for later: 8192 × about 300 B = 2.4 MB. */
export const MAX_FREE_PACKETS = 8192

/** Ack-eliciting packets after which an ack leaves without waiting for data to ride on. */
export const ACK_AFTER_PACKETS = 10

/** An ack that has nothing to ride on waits this long at most, unless the loop is slower. */
export const MIN_MAX_ACK_DELAY_MS = 20

/** A peer that claims to need longer than this for its acks is not believed. */
export const MAX_MAX_ACK_DELAY_MS = 2000

/** An idle connection is pinged after this long, so that its latency stays true. */
export const IDLE_PING_MS = 2000

/** The client's first pings, from which the server's clock is found: for 2 s, one in packets that leave anyway every 50 ms, which costs them 9 bytes, and one alone after 100 ms without. */
export const CLOCK_PING_MS = 50
export const CLOCK_PING_ALONE_MS = 100
export const CLOCK_RUN_MS = 2000

// ── Loss detection and congestion (RFC 9002, RFC 9438) ──

/** RTT taken before the first sample (RFC 9002 section 6.2.2 has 333 ms; games are nearer to their servers). */
export const INITIAL_RTT_MS = 200

/** A packet is lost when one sent this many later was acknowledged (RFC 9002 section 6.1.1). */
export const PACKET_THRESHOLD = 3

/** Spurious losses raise the packet threshold up to this (RFC 8985 section 6.2 speaks of the reordering window). */
export const MAX_PACKET_THRESHOLD = 128

/** Timers are no finer than this (RFC 9002 section 6.1.2). */
export const GRANULARITY_MS = 1

/** The probe timeout doubles up to this, so that a healed link is found again within two seconds (RFC 9002 leaves it open). */
export const MAX_PROBE_TIMEOUT_MS = 2000

/** The probe timeout before the first RTT sample: Hello and Welcome go again this often. Two packets each time: where half of all packets are lost, Hello fails within 5 s once in 10^12. */
export const INITIAL_PROBE_TIMEOUT_MS = 250

/** Packets that one update may always release, however slow the pacing rate. */
export const MIN_BURST_PACKETS = 10

/** Initial congestion window: 10 packets (RFC 9002 section 7.2). */
export const INITIAL_WINDOW_BYTES = 10 * MTU

/** The window never falls below two packets (RFC 9002 section 7.2). */
export const MIN_WINDOW_BYTES = 2 * MTU

/** The window never grows above what can be tracked. */
export const MAX_WINDOW_BYTES = (MAX_TRACKED_PACKETS / 2) * MTU

/** Default of `minRateBytesPerSecond`: the window never falls below this rate × the RTT, so that a game plays on at 25 % loss. */
export const MIN_RATE_BYTES_PER_SECOND = 16 * 1024

/** `packetLoss` looks back over this many buckets of this many milliseconds: 5 s. */
export const LOSS_BUCKETS = 10
export const LOSS_BUCKET_MS = 500

/** The risk of loss that decides on early repeats is a moving average over so many packets, and begins at 5 %: without loss, messages are repeated twice over the first 235 packets, once up to the 1240th, and not at all from there on. */
export const LOSS_RISK_PACKETS = 256
export const FIRST_LOSS_RISK = 0.05
