// The dialog that links a device: a QR code that is shown somewhere, as text, or a code of eight characters.
import { api } from './api.js'
import { element, formatNumber, onSubmit } from './elements.js'

const $ = (id) => document.getElementById(id)
const CODE = /^\s*[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}\s*$/

/**
 * @param {{phones: {number: string, name: string}[], number: string}} state
 * @param {string} [shown] what the device shows, when known
 * @param {string} [number] the phone that is to be linked, when it isn't the one on view
 */
export function openLink(state, shown = '', number = state.number) {
  const form = $('link')
  const options = state.phones.map((phone) => {
    return element('option', { value: phone.number }, `${phone.name} (${formatNumber(phone.number)})`)
  })
  form.elements.number.replaceChildren(...options)
  if (number) form.elements.number.value = number
  form.elements.shown.value = shown
  form.querySelector('.error').textContent = ''
  if (!$('link-dialog').open) $('link-dialog').showModal()
}

export function prepareDialogs() {
  onSubmit($('link'), async ({ number, shown }) => {
    const link = CODE.test(shown.value) ? api.typeCode : api.scan
    await link(number.value, shown.value.trim())
    $('link-dialog').close()
    location.hash = `#phone/${number.value}`
  })
  for (const button of document.querySelectorAll('[data-close]')) {
    button.onclick = () => button.closest('dialog').close()
  }
}
