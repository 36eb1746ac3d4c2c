/** Lists come in pages; programs want the items. */

export interface Page<Item> {
  data: Item[]
  /** The cursor of the next page; null on the last. */
  nextCursor: string | null
}

/**
 * Every item of a list, page by page, each page asked for when the one before is used up:
 * `for await (const message of items((cursor) => berth.listMessages('support', { cursor })))`
 */
export async function* items<Item>(
  list: (cursor: string | undefined) => Promise<Page<Item>>,
  start?: string,
): AsyncGenerator<Item, void> {
  let cursor = start ?? null
  do {
    const page = await list(cursor ?? undefined)
    yield* page.data
    cursor = page.nextCursor
  } while (cursor !== null)
}
