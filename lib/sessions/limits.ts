// The bounds of what one side asks of the other and waits for, with unit and reason.

/** Requests of one connection that wait for their replies, each way. One more is refused as `BUSY`, here by this side and there by the other. 50 a tick over a round trip of a third of a second, at 60 Hz. */
export const MAX_OPEN_REQUESTS = 1024

/** Messages of `sendConfirmed` on one connection that are not confirmed yet, each way. Each may be as large as `maxMessageBytes`; `maxSendQueueBytes` bounds the bytes. */
export const MAX_OPEN_CONFIRMABLES = 1024
