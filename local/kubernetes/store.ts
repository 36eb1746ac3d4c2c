/**
 * Every object, in one SQLite file. Reads come from memory; a write is on disk before anybody, its own writer included,
 * sees it. One process at a time has the file. The resource version is one growing number over all objects, as in etcd, and never goes back.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Change, History } from './history.ts'
import type { KubeObject } from './object.ts'

const TABLES = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (resource, namespace, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS version (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), value INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO version VALUES (1, 1);
`

/** The objects of one resource, with their keys in list order (made when somebody lists). */
interface Shelf {
  objects: Map<string, KubeObject>
  order: string[] | undefined
}

export class Store {
  readonly history: History
  readonly #database: DatabaseSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #setVersion: StatementSync
  readonly #shelves = new Map<string, Shelf>()
  #version: number

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    try {
      this.#database.exec(TABLES)
    } catch (error) {
      this.#database.close()
      throw new Error(`${path} can't be opened; is another server running on it?`, { cause: error })
    }
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)')
    this.#delete = this.#database.prepare('DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?')
    this.#setVersion = this.#database.prepare('UPDATE version SET value = ?')
    this.#version = Number(this.#database.prepare('SELECT value FROM version').get()!.value)
    this.history = new History(this.#version)
    for (const row of this.#database.prepare('SELECT resource, body FROM objects').iterate()) {
      const object = JSON.parse(String(row.body)) as KubeObject
      this.#shelf(String(row.resource)).objects.set(keyOf(object.metadata.namespace, object.metadata.name), object)
    }
  }

  /** The newest resource version. */
  get version(): number {
    return this.#version
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#shelves.get(resource)?.objects.get(keyOf(namespace, name))
  }

  /** All objects of a resource, or those of one namespace, by namespace and name. */
  list(resource: string, namespace?: string): KubeObject[] {
    const shelf = this.#shelves.get(resource)
    if (!shelf) return []
    shelf.order ??= [...shelf.objects.keys()].sort()
    const keys = namespace ? shelf.order.filter((key) => key.startsWith(`${namespace}/`)) : shelf.order
    return keys.map((key) => shelf.objects.get(key)!)
  }

  /** Every stored object with the storage key of its resource. */
  *all(): Generator<[resource: string, object: KubeObject]> {
    for (const [resource, shelf] of this.#shelves) {
      for (const object of shelf.objects.values()) yield [resource, object]
    }
  }

  /** Stores an object under a new resource version and returns it as stored. */
  put(resource: string, object: KubeObject): KubeObject {
    const version = this.#version + 1
    const { namespace, name } = object.metadata
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    this.#commit(version, () => this.#put.run(resource, namespace ?? '', name, JSON.stringify(stored)))
    const shelf = this.#shelf(resource)
    const key = keyOf(namespace, name)
    const previous = shelf.objects.get(key)
    shelf.objects.set(key, stored)
    if (!previous) shelf.order = undefined
    this.#publish({ type: previous ? 'MODIFIED' : 'ADDED', version, resource, object: stored, previous })
    return stored
  }

  /** Removes an object; watches see its last state under the version of the removal. */
  remove(resource: string, object: KubeObject): KubeObject {
    const version = this.#version + 1
    const { namespace, name } = object.metadata
    const shelf = this.#shelf(resource)
    const key = keyOf(namespace, name)
    const previous = shelf.objects.get(key)
    const removed = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    this.#commit(version, () => this.#delete.run(resource, namespace ?? '', name))
    shelf.objects.delete(key)
    shelf.order = undefined
    this.#publish({ type: 'DELETED', version, resource, object: removed, previous })
    return removed
  }

  close(): void {
    this.#database.close()
  }

  #commit(version: number, write: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      write()
      this.#setVersion.run(version)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
    this.#version = version
  }

  #publish({ previous, ...change }: Omit<Change, 'previous'> & { previous: KubeObject | undefined }): void {
    this.history.add(previous ? { ...change, previous } : change)
  }

  #shelf(resource: string): Shelf {
    let shelf = this.#shelves.get(resource)
    if (!shelf) {
      shelf = { objects: new Map(), order: undefined }
      this.#shelves.set(resource, shelf)
    }
    return shelf
  }
}

/** Cluster-scoped objects have an empty namespace. */
function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`
}
