/** @file Short messages that come, are read out politely, and go. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface Notice {
  readonly id: number
  readonly kind: 'info' | 'done' | 'problem'
  readonly text: string
  /** What the person can do about it while it is shown. */
  readonly action?: NoticeAction
}

export interface NoticeAction {
  readonly label: string
  readonly run: () => void
}

const shownForMs = { info: 6000, done: 4000, problem: 10_000 } as const
/** What can be taken back stays long enough to be read and reached. */
const actionForMs = 12_000

export const useNoticesStore = defineStore('notices', () => {
  const notices = shallowRef<readonly Notice[]>([])
  let lastId = 0

  const dismiss = (id: number): void => {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  const show = (kind: Notice['kind'], text: string, action?: NoticeAction): void => {
    const id = ++lastId
    notices.value = [...notices.value.filter((notice) => notice.text !== text), { id, kind, text, ...(action === undefined ? {} : { action }) }]
    setTimeout(() => {
      dismiss(id)
    }, action === undefined ? shownForMs[kind] : actionForMs)
  }

  return { notices, show, dismiss }
})
