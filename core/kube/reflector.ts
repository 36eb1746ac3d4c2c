/**
 * Keeps a copy of the objects of one kind up to date: lists them, watches from there, and begins again where it has to.
 *
 * Listing → watching, when a list is complete. Watching → watching, from the last version heard, when the server ends the
 * watch at the time that was asked for, every few minutes. Before it goes on, the server is asked how far it is: one that was
 * restored from a backup would say nothing of what comes under versions that we have heard already. Watching → listing, when
 * a watch ends in any other way: it fails, ends too early or too late, nothing was heard for so long that the connection may be
 * dead, the server no longer has the versions since then (410), it sent something that can't be read, or its versions went
 * back. Whatever the reason, the server may have been restored meanwhile, and have caught up with us since; only a list shows
 * that. Every failure is followed by a growing, random wait; only stop() ends it.
 */
import type { Kind } from '../model/kind.ts'
import type { KubeObject } from '../model/meta.ts'
import { type Backoff, backoffMs } from './backoff.ts'
import type { KubeClient } from './client.ts'
import { KubeError } from './error.ts'
import { type Log, silent } from './log.ts'
import { type Change, cacheKey, isNewer, ObjectCache } from './object-cache.ts'
import { ALL_NAMESPACES } from './path.ts'
import { compileSelectors } from './selector.ts'
import { sleep } from './sleep.ts'
import { type WatchEvent, WatchFormatError } from './watch-lines.ts'

/** The server sends a bookmark about every minute; a longer silence is a dead connection. */
const STALE_AFTER_MS = 75_000
const BACKOFF: Backoff = { baseMs: 250, maxMs: 10_000 }
/** How long a watch is to last. */
const WATCH_SECONDS = { least: 300, most: 600 }
/** A watch that went on for so long worked: the next failure is a first one. */
const STEADY_MS = 5_000

export interface ReflectorOptions<T> {
  /** As in KubeClient.list(). */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /**
   * Called, in order, for each change, after the copy was changed. Should only enqueue a key: it must not change the
   * object, and nobody waits for it. What it throws is logged.
   */
  onChange?: (event: Change<T>['event'], object: T, previous?: T) => void
  log?: Log
  staleAfterMs?: number
  backoff?: Backoff
}

/** The versions of the server are older than what it told us before: its data were restored from a backup. */
const wentBack = (version: string, after: string): Error => new Error(`resource version ${version} after ${after}`)

export class Reflector<T extends KubeObject> {
  /** Resolves when the first list is complete and its changes were reported; rejects when stopped before that. */
  readonly synced: Promise<void>
  readonly #client: KubeClient
  readonly #kind: Kind<T>
  readonly #options: ReflectorOptions<T>
  readonly #log: Log
  readonly #cache = new ObjectCache<T>()
  readonly #matches: (object: KubeObject) => boolean
  readonly #stopping = new AbortController()
  readonly #firstList = Promise.withResolvers<void>()
  #isSynced = false
  #lastContact = -Infinity
  #running: Promise<void> | undefined
  /** Where a watch goes on; undefined: list first. */
  #resourceVersion: string | undefined

  constructor(client: KubeClient, kind: Kind<T>, options: ReflectorOptions<T> = {}) {
    this.#client = client
    this.#kind = kind
    this.#options = options
    this.#log = options.log ?? silent
    this.#matches = compileSelectors(options)
    this.synced = this.#firstList.promise
    // Nobody has to wait for it.
    this.synced.catch(() => {})
  }

  /** Begins. A reflector runs once; make another one instead of starting it again. */
  start(): void {
    if (this.#running) throw new Error('a reflector can be started only once')
    this.#running = this.#run()
  }

  /** Ends the watch; resolves when no more changes will be reported. What is known stays readable. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#firstList.reject(new Error(`the reflector of ${this.#kind.plural} was stopped before its first list`))
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  /** When the server was last heard from, on the monotonic clock (performance.now()); -Infinity: never. */
  get lastContact(): number {
    return this.#lastContact
  }

  /** The object as last heard. Never change it: everyone gets the same one. */
  get(name: string, namespace?: string): T | undefined {
    const { namespace: own } = this.#options
    const usual = own && own !== ALL_NAMESPACES ? own : this.#client.namespace
    return this.#cache.get(cacheKey(name, this.#kind.namespaced ? (namespace ?? usual) : undefined))
  }

  /** All objects as last heard. Never change them. */
  list(): T[] {
    return this.#cache.values()
  }

  /**
   * Takes in what the server answered to a write of ours, so that what is read here is never older than that. A later
   * word of the watch wins, as does the deletion of an object.
   */
  observe(object: T): void {
    const trimmed = this.#trim(object)
    this.#report(this.#matches(trimmed) ? this.#cache.put(trimmed) : this.#cache.remove(trimmed))
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      let watchedSince = Number.POSITIVE_INFINITY
      try {
        if (this.#resourceVersion === undefined) await this.#list(signal)
        else await this.#checkHistory(this.#resourceVersion, signal)
        watchedSince = performance.now()
        await this.#watch(this.#resourceVersion ?? '', signal)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        failures = performance.now() - watchedSince > STEADY_MS ? 1 : failures + 1
        this.#resourceVersion = undefined
        const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
        const wait = Math.max(backoffMs(failures, this.#options.backoff ?? BACKOFF), asked)
        this.#log.warn(
          { kind: this.#kind.kind, failures, retryInMs: Math.round(wait), err: error },
          'watch interrupted',
        )
        await sleep(wait, signal).catch(() => {})
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const floor = this.#cache.newestSeen
    const { namespace, labelSelector, fieldSelector } = this.#options
    const list = await this.#client.list(this.#kind, { namespace, labelSelector, fieldSelector, signal })
    this.#heard()
    this.#resourceVersion = list.resourceVersion
    this.#report(this.#cache.replaceAll(list.items.map(this.#trim), list.resourceVersion, floor))
    this.#isSynced = true
    this.#firstList.resolve()
  }

  /** Throws when the server has not come as far as the watch, or the answers to our own writes. */
  async #checkHistory(watched: string, signal: AbortSignal): Promise<void> {
    const heard = isNewer(watched, this.#cache.newestSeen) ? watched : this.#cache.newestSeen
    const version = await this.#client.versionOf(this.#kind, { namespace: this.#options.namespace, signal })
    if (isNewer(heard, version)) throw wentBack(version, heard)
    this.#heard()
  }

  /** One watch, from its opening to its end; returns when the server ended it at its time. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const staleAfterMs = this.#options.staleAfterMs ?? STALE_AFTER_MS
    const stale = new AbortController()
    const timer = setTimeout(() => stale.abort(new Error(`nothing heard for ${staleAfterMs / 1000} s`)), staleAfterMs)
    const startedAt = performance.now()
    // Different for each watch, or all would begin again in the same second.
    const timeoutSeconds = Math.round(WATCH_SECONDS.least + Math.random() * (WATCH_SECONDS.most - WATCH_SECONDS.least))
    try {
      const { namespace, labelSelector, fieldSelector } = this.#options
      const stream = this.#client.watch(this.#kind, {
        namespace,
        labelSelector,
        fieldSelector,
        resourceVersion,
        timeoutSeconds,
        signal: AbortSignal.any([signal, stale.signal]),
      })
      for await (const event of stream) {
        timer.refresh()
        this.#heard()
        this.#takeIn(event)
      }
    } finally {
      clearTimeout(timer)
    }
    const seconds = (performance.now() - startedAt) / 1000
    if (!isAbout(seconds, timeoutSeconds)) {
      throw new Error(`the watch ended after ${Math.round(seconds)} s in place of ${timeoutSeconds} s`)
    }
  }

  #takeIn({ type, object }: WatchEvent<T>): void {
    const version = object.metadata?.resourceVersion
    if (!version) throw new WatchFormatError(`a ${type} event without a resource version`)
    if (this.#resourceVersion && isNewer(this.#resourceVersion, version)) throw wentBack(version, this.#resourceVersion)
    this.#resourceVersion = version
    if (type === 'DELETED') this.#report(this.#cache.remove(this.#trim(object)))
    else if (type !== 'BOOKMARK') this.#report(this.#cache.put(this.#trim(object)))
  }

  #report(changes: Change<T>[]): void {
    const { onChange } = this.#options
    for (const { event, object, previous } of onChange ? changes : []) {
      try {
        onChange?.(event, object, previous)
      } catch (error) {
        this.#log.warn(
          { kind: this.#kind.kind, name: object.metadata.name, event, err: error },
          'change handler failed',
        )
      }
    }
  }

  #heard(): void {
    this.#lastContact = performance.now()
  }

  /** Without managedFields, often the greater part of an object. */
  #trim = (object: T): T => {
    if (!object.metadata.managedFields) return object
    const { managedFields: _, ...metadata } = object.metadata
    return { ...object, metadata }
  }
}

/** As far as two clocks agree. Later is as suspicious as earlier: this process stood still while the watch ended. */
const isAbout = (seconds: number, asked: number): boolean => Math.abs(seconds - asked) < asked / 10
