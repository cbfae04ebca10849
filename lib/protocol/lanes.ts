// Lanes: what counts messages. Each channel has two, one for ordered and one for reliable messages; one more carries the control messages.
import { CONTROL_CHANNEL, MAX_CHANNELS, MAX_CONTROL_BYTES } from '../wire/limits.js'

/** Index of the lane of Hello, Welcome, Reject and Goodbye. */
export const CONTROL_LANE = 2 * MAX_CHANNELS

/** In place of a lane: messages without one. */
export const UNRELIABLE_LANE = -1
export const SEQUENCED_LANE = -2

/** 0–31: ordered, by channel. 32–63: reliable, by channel. 64: control. -1: no such lane. */
export function laneIndex(channel: number, isOrdered: boolean): number {
  if (channel === CONTROL_CHANNEL) return isOrdered ? CONTROL_LANE : -1
  if (channel >= MAX_CHANNELS) return -1
  return isOrdered ? channel : MAX_CHANNELS + channel
}

export function isOrderedLane(lane: number): boolean {
  return lane < MAX_CHANNELS || lane === CONTROL_LANE
}

export function laneChannel(lane: number): number {
  return lane === CONTROL_LANE ? CONTROL_CHANNEL : lane % MAX_CHANNELS
}

/** How far a sender may go on one lane. */
export interface LaneWindow {
  readonly messages: number
  readonly bytes: number
}

/** The window of the control lane, which both sides take as given before Hello. */
export const CONTROL_WINDOW: LaneWindow = { messages: 64, bytes: 2 * MAX_CONTROL_BYTES }
