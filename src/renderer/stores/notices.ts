/** @file Short messages that come, are read out politely, and go. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface Notice {
  readonly id: number
  readonly kind: 'info' | 'done' | 'problem'
  readonly text: string
}

const shownForMs = { info: 6000, done: 4000, problem: 10_000 } as const

export const useNoticesStore = defineStore('notices', () => {
  const notices = shallowRef<readonly Notice[]>([])
  let lastId = 0

  const dismiss = (id: number): void => {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  const show = (kind: Notice['kind'], text: string): void => {
    const id = ++lastId
    notices.value = [...notices.value.filter((notice) => notice.text !== text), { id, kind, text }]
    setTimeout(() => {
      dismiss(id)
    }, shownForMs[kind])
  }

  return { notices, show, dismiss }
})
