// One direction of a connection: every stanza passes here, and planned disturbances strike here.
import type { Disturbance, DisturbanceAction, DisturbanceMatch } from '../state/disturbances.ts'
import type { Connection } from './connection.ts'
import { bringAbout } from './forced.ts'
import { refuseLogin } from './login.ts'
import { refuseQuery } from './queries/answer.ts'
import type { Stanza } from './stanza.ts'
import { acknowledge } from './submission.ts'

/** A stanza that waits for the next one doesn't wait longer than this. */
const REORDER_MS = 10_000

const LOGIN = 'login'

/** Lets the stanza through. @param damaged its bytes are to arrive broken */
type Go = (damaged?: boolean) => void | Promise<void>

/** Whose stanza it is; undefined while the client isn't linked. */
export type Party = { number: string; device: number } | undefined

export class Line {
  readonly #connection: Connection
  readonly #direction: DisturbanceMatch['direction']
  /** What is delayed, and everything behind it. */
  #delayed: Promise<void> | undefined
  /** What lets the next stanza by. */
  #held: Go[] = []

  constructor(connection: Connection, direction: DisturbanceMatch['direction']) {
    this.#connection = connection
    this.#direction = direction
  }

  /** Calls `go` when the stanza is through: once, twice or never; at once where nothing is planned. */
  pass(stanza: Stanza, go: Go, party = this.#party()): void | Promise<void> {
    const { disturbances } = this.#connection.network.state
    const found = disturbances.take((each) => each.match.direction === this.#direction && fits(each, stanza, party))
    if (found) this.#connection.network.publish({ type: 'disturbance', disturbance: found.id })
    if (!found && !this.#delayed) return this.#through(go)
    const waiting = (this.#delayed ?? Promise.resolve()).then(() => this.#act(found?.action, stanza, party, go))
    this.#delayed = waiting
    return waiting.finally(() => {
      if (this.#delayed === waiting) this.#delayed = undefined
    })
  }

  #party(): Party {
    const { device } = this.#connection
    return device && { number: device.number, device: device.id }
  }

  async #act(action: DisturbanceAction | undefined, stanza: Stanza, party: Party, go: Go): Promise<void> {
    const connection = this.#connection
    switch (action?.kind) {
      case 'lose':
        return
      case 'delay':
        await wait(action.ms)
        return this.#through(go)
      case 'duplicate':
        await go()
        return this.#through(go)
      case 'reorder':
        this.#held.push(go)
        setTimeout(() => this.#release(), REORDER_MS).unref()
        return
      case 'corrupt':
        return go(true)
      case 'refuse':
        if (stanza.tag === LOGIN) refuseLogin(connection, action)
        else if (stanza.tag === 'iq') refuseQuery(connection, stanza, action.code)
        else acknowledge({ connection, message: stanza }, action.code)
        return
      case 'end':
        return bringAbout(connection, action.condition, party)
      case 'batches':
        connection.batches = action
        return go()
      default:
        return this.#through(go)
    }
  }

  #through(go: Go): void | Promise<void> {
    const through = go()
    if (this.#held.length) return Promise.resolve(through).then(() => this.#release())
    return through
  }

  async #release(): Promise<void> {
    for (const go of this.#held.splice(0)) await go()
  }
}

/** Whether a disturbance is about this stanza. */
function fits({ match, action }: Disturbance, stanza: Stanza, party: Party): boolean {
  const type = stanza.tag === 'iq' ? stanza.attrs.xmlns : stanza.attrs.type
  if (match.tag !== undefined && match.tag !== stanza.tag) return false
  if (match.type !== undefined && match.type !== type) return false
  if (match.number !== undefined && match.number !== party?.number) return false
  if (match.device !== undefined && match.device !== party?.device) return false
  return action.kind !== 'refuse' || isRefusable(stanza) || (stanza.tag === LOGIN && match.tag === LOGIN)
}

/** Whether the server can answer it with an error. */
function isRefusable({ tag, attrs }: Stanza): boolean {
  return tag === 'message' || (tag === 'iq' && (attrs.type === 'get' || attrs.type === 'set'))
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref())
}
