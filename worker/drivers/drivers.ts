/** The drivers of a worker, by provider: a session gets the one of its own. */
import type { DriverFactory } from './driver.ts'

/** Keys are kept by linked phones only: what is said of them is of theirs. */
export function driversBy(
  providers: { Baileys: DriverFactory } & Record<string, Pick<DriverFactory, 'create'>>,
): DriverFactory {
  const { codec, ratchets } = providers.Baileys
  return {
    codec,
    ratchets,
    create(host) {
      const factory = providers[host.provider]
      if (!factory) throw new Error(`there is no driver for the provider ${host.provider}`)
      return factory.create(host)
    },
  }
}
