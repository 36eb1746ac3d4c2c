/** An endpoint for each customer of a run, and what was told there. */
import type { Installation } from '../installation.ts'
import type { Account } from '../population.ts'
import { WebhookReceiver } from './receiver.ts'
import type { Reached, Receipt, Told, WebhookRecords } from './records.ts'

export class Webhooks {
  readonly #installation: Installation
  readonly #receiver: WebhookReceiver

  private constructor(installation: Installation, receiver: WebhookReceiver) {
    this.#installation = installation
    this.#receiver = receiver
  }

  /**
   * Resolves when every customer has an endpoint for all events, which tells what happens from then on.
   * @param host an address of this machine that gateways reach
   */
  static async start(installation: Installation, host: string): Promise<Webhooks> {
    const webhooks = new Webhooks(installation, await WebhookReceiver.start(host))
    try {
      await webhooks.#makeEndpoints()
      return webhooks
    } catch (error) {
      await webhooks.stop()
      throw error
    }
  }

  /** What was told is read after how far the API says that messages have got. */
  async records(): Promise<WebhookRecords> {
    const { accounts } = this.#installation
    const reached: Reached[] = []
    for (const account of accounts) {
      reached.push(...(await this.#installation.clientOf(account).outgoing(account.session)))
    }
    const { receipts, refused } = this.#receiver
    return { told: receipts.map((receipt) => toldOf(receipt, accounts)), refused: [...refused], reached }
  }

  stop(): Promise<void> {
    return this.#receiver.stop()
  }

  async #makeEndpoints(): Promise<void> {
    const ofTenants = new Map(this.#installation.accounts.map((account) => [account.tenant, account]))
    for (const [tenant, account] of ofTenants) {
      const url = await this.#receiver.urlOf(tenant)
      const { status, body } = await this.#installation
        .clientOf(account)
        .request('POST', '/v1/webhook-endpoints', { url })
      if (status >= 300) throw new Error(`No webhook endpoint for ${tenant}: ${status} ${JSON.stringify(body)}`)
      this.#receiver.believe(tenant, body.secret)
    }
  }
}

function toldOf(receipt: Receipt, accounts: Account[]): Told {
  const { tenant, session } = receipt
  const account = accounts.find((one) => one.tenant === tenant && one.session === session)?.number
  return account === undefined ? receipt : { ...receipt, account }
}
