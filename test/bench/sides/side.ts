/** What is measured: a worker of Berth, or bare Baileys. */
import type { Account } from '../stage.ts'

/** Delays of the event loop, in ms. */
export interface Lag {
  p99: number
  max: number
}

export interface Side {
  readonly name: 'worker' | 'bare'
  readonly pid: number
  /** Links phones; resolves when all are connected. */
  link(accounts: Account[]): Promise<void>
  /** Every account writes so many messages to its contact; resolves when the server has acked all of them. */
  send(perAccount: number): Promise<void>
  /** Messages of contacts that it has taken in, for good. */
  received(): Promise<number>
  /** Since the reading before. */
  lag(): Promise<Lag>
  stop(): Promise<void>
}
