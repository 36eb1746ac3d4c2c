/** What is kept of the database outside of it: a ConfigMap beside the installation, whose uid is the database's home. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isAlreadyExists, isConflict, isInvalid, isNotFound } from '@berth/core/kube/error.ts'
import type { ConfigMap } from '@berth/core/model/builtin.ts'
import { ADOPT_KEY, FOUND_KEY, KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind } from '@berth/core/model/kind.ts'
import type { Keepsake, Mark } from '@berth/core/ownership/database.ts'
import { FIELD_MANAGER } from './labels.ts'

export interface Kept extends Keepsake {
  /** The home that was found in a database of another installation. */
  found?: string
  /** The home of the database that a person wants to be taken over. */
  adopt?: string
  object: ConfigMap
}

export class KeepsakeStore {
  readonly #client: KubeClient

  constructor(client: KubeClient) {
    this.#client = client
  }

  async read(): Promise<Kept | undefined> {
    const object = await this.#client.get(ConfigMapKind, KEEPSAKE_NAME)
    return object && keptIn(object)
  }

  /** Undefined: there is one already. */
  create(mark: Mark): Promise<Kept | undefined> {
    const object = { metadata: { name: KEEPSAKE_NAME }, data: dataOf(mark) }
    return answered(this.#client.create(ConfigMapKind, object, { manager: FIELD_MANAGER }))
  }

  /** Undefined: it has changed or gone since it was read. What was found and asked for is dealt with. */
  write(kept: Kept, mark: Mark): Promise<Kept | undefined> {
    return this.#patch(kept, { ...dataOf(mark), [FOUND_KEY]: null, [ADOPT_KEY]: null })
  }

  /** Undefined as above. */
  tell(kept: Kept, found: string): Promise<Kept | undefined> {
    return this.#patch(kept, { [FOUND_KEY]: found })
  }

  #patch({ object }: Kept, data: Record<string, string | null>): Promise<Kept | undefined> {
    const patch = { metadata: { resourceVersion: object.metadata.resourceVersion }, data }
    return answered(this.#client.mergePatch(ConfigMapKind, KEEPSAKE_NAME, patch, { manager: FIELD_MANAGER }))
  }
}

async function answered(answer: Promise<ConfigMap>): Promise<Kept | undefined> {
  try {
    return keptIn(await answer)
  } catch (error) {
    if (isAlreadyExists(error) || isConflict(error) || isNotFound(error) || isInvalid(error)) return undefined
    throw error
  }
}

const dataOf = ({ incarnation, mark }: Mark): Record<string, string> => ({
  incarnation: String(incarnation),
  mark: String(mark),
})

/** What somebody has made of a number by hand counts as nothing. */
const keptIn = (object: ConfigMap): Kept => {
  const { incarnation, mark, [FOUND_KEY]: found, [ADOPT_KEY]: adopt } = object.data ?? {}
  const number = (text: string | undefined): number => Math.max(0, Math.floor(Number(text ?? 0)) || 0)
  return {
    uid: object.metadata.uid ?? '',
    incarnation: number(incarnation),
    mark: number(mark),
    ...(found ? { found } : {}),
    ...(adopt ? { adopt } : {}),
    object,
  }
}
