// The connections: those that are open, and how the latest others ended.
import { element, formatNumber, pageView } from './elements.js'

export function connectionsView({ connections }) {
  const open = connections.filter(({ closedAt }) => closedAt === null)
  const rows = connections.toReversed().map((each) => {
    const isOpen = each.closedAt === null
    const who = each.number ? `${formatNumber(each.number)}, device ${each.device}` : 'not logged in'
    const end = isOpen ? 'open' : (each.reason ?? '')
    return element(
      'tr',
      {},
      element('td', {}, element('span', { className: isOpen ? 'dot online' : 'dot' }), ` ${each.id}`),
      element('td', {}, who, element('small', { className: 'who' }, `port ${each.remotePort}`)),
      element('td', {}, end, element('small', { className: 'who' }, span(each))),
    )
  })
  return pageView(
    'Connections',
    element('p', {}, `${open.length} open, of the latest ${connections.length}.`),
    element('div', { className: 'scroll' }, element('table', {}, ...rows)),
  )
}

function span({ openedAt, closedAt }) {
  const time = (at) => new Date(at).toLocaleTimeString()
  return closedAt === null ? `since ${time(openedAt)}` : `${time(openedAt)} to ${time(closedAt)}`
}
