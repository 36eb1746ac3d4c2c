/** Places, and where somebody is. */
import type { MessageOf } from '@berth/core/model/message.ts'
import type { Family } from './family.ts'

export const location: Family<MessageOf<'location'>> = {
  types: ['location'],
  toProto({ location: { latitude, longitude, name, address } }) {
    const place = { ...(name && { name }), ...(address && { address }) }
    return { locationMessage: { degreesLatitude: latitude, degreesLongitude: longitude, ...place } }
  },
  fromProto({ locationMessage, liveLocationMessage }) {
    const { degreesLatitude, degreesLongitude } = locationMessage ?? liveLocationMessage ?? {}
    if (typeof degreesLatitude !== 'number' || typeof degreesLongitude !== 'number') return undefined
    const { name, address } = locationMessage ?? {}
    return {
      type: 'location',
      location: {
        latitude: degreesLatitude,
        longitude: degreesLongitude,
        ...(name ? { name } : {}),
        ...(address ? { address } : {}),
        ...(liveLocationMessage ? { live: true } : {}),
      },
    }
  },
}
