/**
 * `GET …/pods/NAME/log`: what the pod's container wrote, from the file that the local kubelet has it write to. All runs of
 * a container go to one file, without times: so there is no `previous` and no `since`, and following goes on over a restart
 * until the pod is gone.
 */
import { type FileHandle, open } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { podLogFile } from '../process/log-file.ts'
import { badRequest } from './api-error.ts'
import { asArray, asRecord, type KubeObject } from './object.ts'
import { findObject } from './reading.ts'
import { type ApiRequest, queryNumber, type Target } from './request.ts'
import { storageKey } from './resource.ts'
import type { Store } from './store.ts'

const POLL_MS = 200
const CHUNK_BYTES = 64 * 1024
const NOT_KEPT = ['previous', 'sinceSeconds', 'sinceTime', 'timestamps']

const isTrue = (value: string | null): boolean => value === 'true' || value === '1'

/** Resolves when the answer has ended. Throws what must be answered instead. */
export async function answerPodLog(
  store: Store,
  folder: string | undefined,
  request: ApiRequest,
  target: Target,
  response: ServerResponse,
): Promise<void> {
  const { query } = request
  const asked = NOT_KEPT.find((name) => query.has(name) && query.get(name) !== 'false')
  if (asked) throw badRequest(`the local kubelet keeps no times and no earlier runs apart: leave "${asked}" out`)
  const pod = findObject(store, target)
  const container = containerOf(pod, query.get('container'))
  const { namespace, name } = pod.metadata
  if (folder === undefined) throw badRequest('this server knows of no kubelet, and so of no logs')
  const file = await open(podLogFile(folder, namespace!, name, container)).catch(() => {
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ContainerCreating`)
  })
  try {
    const lines = queryNumber(query, 'tailLines')
    const from = lines === undefined ? 0 : await startOfLast(lines, file)
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
    const isThere = () =>
      isTrue(query.get('follow')) && store.get(storageKey(target.resource), namespace, name) !== undefined
    await copy(file, from, isThere, response)
    response.end()
  } finally {
    await file.close()
  }
}

/** The one that was asked for, or the only one. */
function containerOf(pod: KubeObject, asked: string | null): string {
  const { name } = pod.metadata
  const names = asArray(asRecord(pod.spec).containers).map((container) => String(asRecord(container).name))
  if (asked === null && names.length === 1) return names[0]!
  if (asked !== null && names.includes(asked)) return asked
  if (asked !== null) throw badRequest(`container ${asked} is not valid for pod ${name}`)
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`)
}

/** Where the last lines begin. */
async function startOfLast(lines: number, file: FileHandle): Promise<number> {
  const { size } = await file.stat()
  if (lines === 0) return size
  let missing = lines
  for (let end = size; end > 0; end -= CHUNK_BYTES) {
    const begin = Math.max(0, end - CHUNK_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - begin), 0, end - begin, begin)
    for (let at = bytesRead - 1; at >= 0; at--) {
      const isLast = begin + at === size - 1 // what ends the file ends its last line
      if (buffer[at] === 0x0a && !isLast && --missing === 0) return begin + at + 1
    }
  }
  return 0
}

/** What is there, and while `goesOn` what comes. A file that was shortened is read from its beginning. */
async function copy(file: FileHandle, from: number, goesOn: () => boolean, response: ServerResponse): Promise<void> {
  const buffer = Buffer.alloc(CHUNK_BYTES)
  for (let at = from; !response.destroyed; ) {
    const isLastLook = !goesOn()
    const { size } = await file.stat()
    if (size < at) at = 0
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at)
    at += bytesRead
    if (bytesRead > 0) {
      if (!response.write(Buffer.from(buffer.subarray(0, bytesRead)))) await drained(response)
    } else if (isLastLook) return
    else await delay(POLL_MS)
  }
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    response.once('drain', resolve)
    response.once('close', resolve)
  })
