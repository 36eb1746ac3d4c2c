/** Tables: objects as rows, in the columns that the server shows for their kind. */
import type { Kind } from '../model/kind.ts'
import type { KubeObject } from '../model/meta.ts'
import type { KubeClient } from './client.ts'
import { collectionPath, objectPath } from './path.ts'
import type { Query } from './transport.ts'
import type { WatchEvent } from './watch-lines.ts'

export interface TableColumn {
  name: string
  type: string
  /** 0: always shown; above: in wide tables only. */
  priority: number
}

export interface TableRow<T extends KubeObject = KubeObject> {
  /** As many as there are columns; null where there is nothing to show. */
  cells: unknown[]
  /** The object; only its metadata, unless whole objects were asked for. */
  object: T
}

export interface Table<T extends KubeObject = KubeObject> {
  metadata: { resourceVersion: string }
  /** Absent in the later events of a watch. */
  columnDefinitions: TableColumn[] | null
  rows: TableRow<T>[]
}

export interface TableSelection {
  /** One object, which must be there. */
  name?: string
  labelSelector?: string
  fieldSelector?: string
  /** Have the rows carry whole objects. */
  whole?: boolean
}

const ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io'

/** The objects of a kind in the client's namespace. Throws KubeError. */
export function readTable<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  selection: TableSelection = {},
): Promise<Table<T>> {
  const { name } = selection
  const path = name === undefined ? collectionPath(kind, client.namespace) : objectPath(kind, client.namespace, name)
  return client.request<Table<T>>('GET', path, { query: queryOf(selection), accept: ACCEPT })
}

/** What changes after a resource version, each as a table of one row. Ends when the server ends it. Throws KubeError. */
export function watchTable<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  { name, ...selection }: TableSelection,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<Table<T>>> {
  const fieldSelector = name === undefined ? selection.fieldSelector : `metadata.name=${name}`
  const query = { ...queryOf({ ...selection, fieldSelector }), watch: true, resourceVersion }
  return client.watchPath<Table<T>>(collectionPath(kind, client.namespace), { query, accept: ACCEPT, signal })
}

const queryOf = ({ labelSelector, fieldSelector, whole }: TableSelection): Query => ({
  labelSelector,
  fieldSelector,
  includeObject: whole ? 'Object' : undefined,
})
