/** Work on many things, a few at the same time. */
export async function each<Item>(items: Iterable<Item>, atOnce: number, work: (item: Item) => Promise<unknown>) {
  const waiting = items[Symbol.iterator]()
  const next = async () => {
    for (let item = waiting.next(); !item.done; item = waiting.next()) await work(item.value)
  }
  await Promise.all(Array.from({ length: atOnce }, next))
}
