/** The simulator as seen from the installation. */

/** People to try it with. */
const FIRST_PHONES = [
  { number: '5511999999999', name: 'Your phone' },
  { number: '5511911111111', name: 'Ana' },
]

/** What workers must know to use the simulator instead of WhatsApp. */
export async function simulatorSettings(url: string): Promise<Record<string, string>> {
  const info = await get<{ websocketUrl: string; rootPublicKey: string; mediaCertificate: string }>(`${url}/v1/info`)
  return {
    BERTH_WHATSAPP_URL: info.websocketUrl,
    BERTH_WHATSAPP_ROOT: info.rootPublicKey,
    BERTH_WHATSAPP_CERTIFICATE: Buffer.from(info.mediaCertificate).toString('base64'),
  }
}

/** A new simulator has no phones: one to link, and one to write to. */
export async function addFirstPhones(url: string): Promise<void> {
  if ((await get<unknown[]>(`${url}/v1/phones`)).length > 0) return
  for (const phone of FIRST_PHONES) {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(phone) }
    await answered(await fetch(`${url}/v1/phones`, request))
  }
}

const get = async <T>(url: string): Promise<T> => (await (await answered(await fetch(url))).json()) as T

async function answered(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`The simulator answered ${response.status}: ${await response.text()}`)
  return response
}
