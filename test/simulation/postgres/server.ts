/** The simulated Postgres: its tables, and how an operator and a worker reach them. */

import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Database, Lead } from '@berth/operator/database.ts'
import type { Reading } from '@berth/operator/poll.ts'
import type { CommitConnection } from '@berth/worker/store/committer.ts'
import type { Network } from '../network.ts'
import type { Process } from '../process.ts'
import type { Server } from '../server.ts'
import { callFunction, READS } from './functions.ts'
import { CommitHistory, copyOf, type Landed } from './history.ts'
import { SimulatedMirror } from './mirror.ts'
import { OwnershipFunctions, type Witness } from './ownership.ts'
import { emptyTables, sqlError, type Tables } from './tables.ts'
import { confirm, repair, sightOf } from './trust.ts'

/** As pools have it: a statement's own limit, and two seconds for the answer. */
const TIMEOUT_MS = 12_000
const NOT_LEADER = 'BE001'

export class Postgres {
  readonly ownership: OwnershipFunctions
  readonly #network: Network
  readonly #server: Server
  readonly #installation: string
  readonly #history: CommitHistory
  #tables: Tables = emptyTables()
  #starts = 1

  /** `mayGoBack`: keeps what it was, which takes time. */
  constructor(network: Network, server: Server, installation: string, witness: Witness, mayGoBack: boolean) {
    this.#history = new CommitHistory(mayGoBack)
    this.#network = network
    this.#server = server
    this.#installation = installation
    this.ownership = new OwnershipFunctions(() => this.#tables, witness)
  }

  get tables(): Tables {
    return this.#tables
  }

  /** What it could go back to: without its last commits, or to what it was so long ago. */
  past(back: { commits: number } | { agoMs: number }, now: number): Landed | undefined {
    return 'commits' in back ? this.#history.before(back.commits) : this.#history.asOf(now - back.agoMs)
  }

  /** The server starts anew: until somebody has looked, it may be another one. `as`: as it was then. */
  restart(as?: Landed): void {
    if (as) {
      const lost = this.#history.goBack(as)
      this.#tables = copyOf(as.after)
      this.ownership.witness.wentBack(this.#tables.ownership, lost)
    }
    this.#tables.trust.run = ++this.#starts
  }

  /** As an operator's process asks it. */
  asOperator(process: Process): Database {
    return {
      poll: (canary, before) => {
        const sentAt = performance.now()
        return this.#ask(process, 'poll', () => this.#poll(canary, sentAt, before))
      },
      takeLead: () => this.#takeLead(process),
      sweep: () => this.#ask(process, 'sweep', () => ({ journal: 0, leases: 0, canaries: 0 })),
    }
  }

  /** As a worker's process asks it, pooled or over one connection: functions and nothing else. */
  asWorker(process: Process): Pool & CommitConnection {
    const query = async (statement: string | { text: string; values: unknown[] }, values: unknown[] = []) => {
      const { text, values: own } = typeof statement === 'string' ? { text: statement, values } : statement
      const what = /(\w+)\((\$1|\))/.exec(text)?.[1] ?? text
      const rows = await this.#ask(process, what, () => callFunction(this.ownership, text, own))
      return { rows, rowCount: rows.length }
    }
    return { query, end: async () => {} } as unknown as Pool & CommitConnection
  }

  async #takeLead(process: Process): Promise<Lead> {
    const id = process.random.uuid()
    await this.#ask(process, 'take the lead', () => {
      this.#tables.leader = id
    })
    const write = <T>(what: string, change: (tables: Tables) => T): Promise<T> =>
      this.#ask(process, what, () => {
        if (this.#tables.leader !== id) throw sqlError(NOT_LEADER, 'another operator leads')
        return change(this.#tables)
      })
    const read = <T>(what: string, look: (tables: Tables) => T): Promise<T> =>
      this.#ask(process, what, () => look(this.#tables))
    return {
      mirror: new SimulatedMirror(this.#installation, this.ownership, write, read),
      trust: {
        confirm: (doubt, home) =>
          write('confirm the database', (tables) => {
            const isConfirmed = confirm(tables, doubt, home)
            if (isConfirmed) this.ownership.witness.confirmed(tables, process)
            return isConfirmed
          }),
        raiseMark: () =>
          write('raise the mark', ({ trust }) => ({ incarnation: trust.incarnation, mark: ++trust.mark })),
        report: () => write('report that it went back', ({ trust }) => void trust.reports++),
        repair: (doubt, home, next, kept) =>
          write('repair the database', (tables) => {
            return repair(tables, doubt, home, next, kept, this.ownership.witness)
          }),
      },
      revoke: ({ bootId, renewals }) => write('revoke', () => this.ownership.revoke(bootId, renewals)),
      askLogout: (commandId, { id: sessionId }) =>
        write('ask for a logout', ({ commands }) => {
          if (commands.has(commandId)) return
          const fresh = { kind: 'logout', status: 'queued', errorMessage: null } as const
          commands.set(commandId, { ...fresh, id: commandId, sessionId, createdAt: Date.now() })
        }),
    }
  }

  #poll(canary: string, sentAt: number, before: Reading | undefined): Reading {
    const { ownership, leases, states, commands, canaries, marks } = this.#tables
    const canaryBeat = (canaries.get(canary) ?? 0) + 1
    canaries.set(canary, canaryBeat)
    const mark = { owners: String(marks.owners), states: String(marks.states) }
    return {
      marks: mark,
      owners: before?.marks.owners === mark.owners ? before.owners : ownersOf(this.#tables),
      states: before?.marks.states === mark.states ? before.states : new Map(states),
      logouts: new Map(
        [...commands.values()].map(({ createdAt, ...row }) => [row.id, { ...row, ageMs: Date.now() - createdAt }]),
      ),
      leases: [...ownership.boots].map(([bootId, { podUID, renewals, end }]) => ({
        ...leases.get(bootId)!,
        bootId,
        podUid: podUID,
        vouched: this.#tables.trust.vouched.get(bootId) ?? null,
        renewals,
        open: end === undefined,
      })),
      trust: sightOf(this.#tables),
      canaryBeat,
      sentAt,
    }
  }

  async #ask<T>(process: Process, what: string, carryOut: () => T): Promise<T> {
    const fail = (why: string) => new Error(why === 'timeout' ? 'Query read timeout' : 'connect ECONNREFUSED')
    let landed: Landed | undefined
    const commit = () => {
      const answer = carryOut()
      if (!READS.has(what)) landed = this.#history.add(process, what, this.#server.uptime, this.#tables)
      return answer
    }
    const answer = await this.#network.call(process, this.#server, {
      what,
      timeoutMs: TIMEOUT_MS,
      carryOut: commit,
      fail,
    })
    if (landed) landed.isKnown = true
    return answer
  }
}

const ownersOf = ({ ownership }: Tables): Reading['owners'] =>
  new Map(
    [...ownership.owners].map(([sessionId, { generation, wanted, epoch, podUID, holder, distrusted }]) => [
      sessionId,
      {
        sessionId,
        generation,
        wanted,
        epoch,
        bootId: holder ?? null,
        podUid: podUID ?? null,
        released: !holder,
        distrusted,
      },
    ]),
  )
