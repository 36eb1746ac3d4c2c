/**
 * The operator and a database that is not what it was: first seen, restored to something older, copied from another
 * installation, and with its ConfigMap gone. Loss is played by setting back what the database says of itself.
 */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { ADOPT_KEY, KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind, SessionKind } from '@berth/core/model/kind.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { readTrust } from '@berth/core/postgres/trust.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Installation, PATIENCE } from './installation.ts'

describe('the operator and its database', () => {
  let berth: Installation
  beforeAll(async () => {
    berth = await Installation.start()
    await berth.createTier('pro', 'pro')
    await berth.createTenant('acme', 'pro')
  })
  afterAll(() => berth?.close())

  const trust = () => readTrust(berth.pool)
  const keepsake = () => berth.cluster.client.get(ConfigMapKind, KEEPSAKE_NAME)
  const owner = async (name = 'one'): Promise<{ epoch: number; distrusted: boolean }> => {
    const rows = 'session_owner o JOIN session s ON s.id = o.session_id WHERE s.resource_name = $1'
    return (await berth.pool.query(`SELECT o.epoch, o.distrusted FROM ${rows}`, [name])).rows[0]
  }
  const set = (what: string) => runAsOwner(berth.database.url, `UPDATE berth.database_trust SET ${what}`)
  const untilTrusted = (incarnation: number) =>
    berth.until(`incarnation ${incarnation} is trusted`, async () => {
      const now = await trust()
      return !now.doubt && now.incarnation === incarnation && now
    })

  test('a new one is taken into its care, and its mark is kept outside', PATIENCE, async () => {
    berth.startOperator()
    await berth.createSession('one', 'acme')
    await berth.untilConnected('one')
    const { home, mark } = await trust()
    expect(home).toBe((await keepsake())?.metadata.uid)
    await berth.until('the mark moves on', async () => Number((await keepsake())?.data?.mark) > mark)
  })

  test('a start of its server is looked into, and nothing more', PATIENCE, async () => {
    const before = await owner()
    await set("confirmed = 'an earlier run'")
    expect(await untilTrusted(1)).toMatchObject({ reported: false })
    expect(await owner()).toEqual(before)
  })

  test(
    'one that went back gets a new incarnation: who vouches keeps its session, all others get new keys',
    PATIENCE,
    async () => {
      await berth.createSession('two', 'acme', { desiredState: 'Stopped' })
      await berth.untilReason('two', 'Stopped')
      const before = await owner()
      await set('mark = 0')
      await untilTrusted(2)
      expect(await owner()).toEqual({ ...before, distrusted: false })
      await berth.until('it is kept outside', async () => (await keepsake())?.data?.incarnation === '2')
      expect(await owner('two')).toMatchObject({ distrusted: true })

      // Its row might have been lost, and its resource tell of an epoch.
      await berth.createSession('three', 'acme', { desiredState: 'Stopped' })
      await berth.untilReason('three', 'Stopped')
      expect(await owner('three')).toEqual({ epoch: 2_000_000_000, distrusted: false })

      await berth.cluster.client.mergePatch(SessionKind, 'two', { spec: { desiredState: 'Running' } })
      await berth.untilConnected('two')
      expect(await owner('two')).toEqual({ epoch: 2_000_000_001, distrusted: false })
      const reasons = await berth.until('it is told', async () => {
        const all = (await berth.events('two')).map(({ reason }) => reason)
        return all.includes('DatabaseRestored') && all
      })
      expect(reasons).toContain('Placed')
    },
  )

  test('a worker that misses commits is believed', PATIENCE, async () => {
    await runAsOwner(berth.database.url, "SELECT berth.database_report('a test')")
    await untilTrusted(3)
    await berth.untilConnected('one')
  })

  test('when nobody watched: an operator that starts finds what is kept outside', PATIENCE, async () => {
    await berth.operators.pop()!.stop()
    await set("mark = 1, confirmed = 'an earlier run'")
    berth.startOperator()
    await untilTrusted(4)
    await berth.untilConnected('one')
  })

  test('a ConfigMap that was deleted under its hands is made again', PATIENCE, async () => {
    const { home } = await trust()
    await berth.cluster.client.delete(ConfigMapKind, KEEPSAKE_NAME)
    const uid = await berth.until('another ConfigMap', async () => (await keepsake())?.metadata.uid)
    expect(uid).not.toBe(home)
    await berth.until('the database is at home there', async () => (await trust()).home === uid)
    expect((await untilTrusted(4)).reported).toBe(false)
  })

  test('one of another installation: nothing is claimed until a person adopts it', PATIENCE, async () => {
    await set("home = 'of-another', confirmed = 'there'")
    const reason = () => berth.session('one').then((one) => getCondition(one?.status?.conditions, 'Ready'))
    await berth.until('it is told', async () => (await reason())?.reason === 'DatabaseElsewhere')
    expect((await reason())?.message).toContain('npm run berth -- database adopt')
    expect((await trust()).doubt).toBeDefined()
    expect((await keepsake())?.data?.found).toBe('of-another')

    const adopt = (home: string) =>
      berth.cluster.client.mergePatch(ConfigMapKind, KEEPSAKE_NAME, { data: { [ADOPT_KEY]: home } })
    await adopt('of-somebody-else')
    await berth.until('the operator has polled since', async () => {
      const { rows } = await berth.pool.query('SELECT max(beats) AS beats FROM operator_canary')
      return rows[0].beats > 3
    })
    expect((await trust()).home).toBe('of-another')

    await adopt('of-another')
    await untilTrusted(5)
    await berth.untilConnected('one')
    const kept = await keepsake()
    expect((await trust()).home).toBe(kept?.metadata.uid)
    await berth.until('nothing of it is left', async () => (await keepsake())?.data?.[ADOPT_KEY] === undefined)
  })
})
