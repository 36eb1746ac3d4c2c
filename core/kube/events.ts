/**
 * Events: what happened to an object, for the people who look at it (`kubectl describe`). The same thing said again
 * raises a count. A help and never a duty: recording neither throws nor waits, and gives up rather than grow.
 */
import { randomBytes } from 'node:crypto'
import type { Event } from '../model/builtin.ts'
import { EventKind } from '../model/kind.ts'
import type { KubeObject } from '../model/meta.ts'
import type { KubeClient } from './client.ts'
import { isAlreadyExists, isNotFound, isUnreachable } from './error.ts'
import { type Log, silent } from './log.ts'
import { kubeTime } from './time.ts'
import { TokenBucket } from './token-bucket.ts'
import { WorkQueue } from './workqueue.ts'

const AGGREGATE_MS = 10 * 60_000
/** Per object: so many at once, and in the long run one in half a minute. */
const BURST = 25
const PER_SECOND = 1 / 30
const MAX_QUEUED = 1_000
const MAX_REMEMBERED = 4_096
const MAX_ATTEMPTS = 5
const MAX_MESSAGE = 1_024

export interface EventRecorderOptions {
  /** What reports: `berth-operator`. */
  component: string
  /** Which one of it: the pod's name. */
  instance: string
  log?: Log
}

/** Something that happened, and how often. */
interface Happening {
  event: Event
  lastAt: number
  /** The server has it under this name. */
  isCreated: boolean
}

export class EventRecorder {
  readonly #client: KubeClient
  readonly #options: EventRecorderOptions
  readonly #log: Log
  /** By what is said of which object; the least recently said first. */
  readonly #happenings = new Map<string, Happening>()
  /** By uid. */
  readonly #limits = new Map<string, TokenBucket>()
  readonly #queue: WorkQueue

  constructor(client: KubeClient, options: EventRecorderOptions) {
    this.#client = client
    this.#options = options
    this.#log = options.log ?? silent
    this.#queue = new WorkQueue({ name: 'events', handle: (key) => this.#send(key), log: this.#log })
  }

  /** Tells that something happened to an object, which must carry its apiVersion and kind. */
  record(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const key = JSON.stringify([object.metadata.uid ?? object.metadata.name, type, reason, message])
    const now = Date.now()
    const known = this.#happenings.get(key)
    this.#happenings.delete(key)
    if (known && now - known.lastAt < AGGREGATE_MS) {
      known.lastAt = now
      known.event.count = (known.event.count ?? 1) + 1
      known.event.lastTimestamp = kubeTime(new Date(now))
      this.#happenings.set(key, known)
    } else {
      this.#happenings.set(key, {
        event: this.#newEvent(object, type, reason, message, now),
        lastAt: now,
        isCreated: false,
      })
    }
    forgetOldest(this.#happenings)
    // Over the limit only the count goes up here; the next event that is let through tells it.
    if (this.#isWithinLimit(object) && this.#queue.depth < MAX_QUEUED) this.#queue.add(key)
  }

  /** Waits until what was recorded has been sent or given up, but no longer than `timeoutMs`; then stops. */
  async close(timeoutMs = 2_000): Promise<void> {
    const { promise: tooLate, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    await Promise.race([this.#queue.idle(), tooLate])
    clearTimeout(timer)
    void this.#queue.stop()
  }

  async #send(key: string): Promise<void> {
    const happening = this.#happenings.get(key)
    if (!happening) return
    try {
      if (!happening.isCreated || !(await this.#raiseCount(happening.event))) {
        happening.isCreated = false
        await this.#create(happening.event)
        happening.isCreated = true
      }
    } catch (error) {
      if (isUnreachable(error) && this.#queue.failures(key) < MAX_ATTEMPTS) throw error
      this.#log.warn(
        { reason: happening.event.reason, object: happening.event.involvedObject, err: error },
        'event given up',
      )
    }
  }

  async #create(event: Event): Promise<void> {
    try {
      await this.#client.create(EventKind, event)
    } catch (error) {
      // An earlier attempt arrived, and its answer was lost.
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** False: the server has forgotten the event (it keeps them for an hour). */
  async #raiseCount({ metadata, count, lastTimestamp }: Event): Promise<boolean> {
    try {
      const { name, namespace } = metadata
      await this.#client.mergePatch(EventKind, name, { count, lastTimestamp }, { namespace })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  #newEvent(object: KubeObject, type: Event['type'], reason: string, message: string, now: number): Event {
    const { name, namespace = this.#client.namespace, uid, resourceVersion } = object.metadata
    const { component, instance } = this.#options
    const time = kubeTime(new Date(now))
    return {
      metadata: { name: `${name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid, resourceVersion },
      type,
      reason,
      message: message.slice(0, MAX_MESSAGE),
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
    }
  }

  #isWithinLimit({ metadata }: KubeObject): boolean {
    const id = metadata.uid ?? metadata.name
    const bucket = this.#limits.get(id) ?? new TokenBucket(PER_SECOND, BURST)
    this.#limits.delete(id)
    this.#limits.set(id, bucket)
    forgetOldest(this.#limits)
    return bucket.tryTake()
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= MAX_REMEMBERED) return
    map.delete(key)
  }
}
