/** What customers' servers were told by webhook, and what they should have been told, as the API shows it. */

/** One request that a customer's server took for genuine. Times are Unix milliseconds. */
export interface Receipt {
  tenant: string
  /** Its name, as the event has it. */
  session?: string
  /** The event's: `webhook-id`. */
  id: string
  /** Of the body: each attempt has the same. */
  digest: string
  type: string
  seq?: number
  chat?: string
  messageId?: string
  /** Of a message that was received. */
  text?: string
  status?: string
  occurredAt: number
}

export interface Told extends Receipt {
  /** A phone number; undefined: the event is of no session that the tenant has. */
  account?: string
}

/** One request that the reference library refused. */
export interface Refused {
  tenant: string
  id: string
  why: string
  /** Its time is not ours: a clock was set. It is told again, with a time that is right. */
  isUntimely: boolean
}

/** How far a message has got that an account sent, by its list in the API. */
export interface Reached {
  /** The API's own id of it. */
  id: string
  status: string
}

export interface WebhookRecords {
  /** In the order in which they came. */
  told: Told[]
  refused: Refused[]
  reached: Reached[]
  /** While traffic goes on: what happened later may still be on its way. */
  until?: number
}
