/** @file The recipe on the Train page: presets, the text as edited, and what the engine says about it. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { RecipeCheck, RecipePreset, RecipeProblem, RecipeSummary } from '../../engine/contract'
import { useClient } from '../services/client'
import { createLatest } from '../services/latest'
import { problemOf, type Problem } from '../services/problem'
import { readRecipeValue, writeRecipeValue, type RecipePath, type RecipeValue } from '../services/recipe-text'
import { useModelsStore } from './models'
import { proposedPreset, type PresetOption } from './train-draft'

/** The text is checked when the keys have rested this long. */
const checkAfterMs = 250

/** Where the few settings of the simple form stand in a recipe. */
export const recipePaths = {
  init: ['init'],
  teacher: ['teacher', 'model'],
  epochs: ['run', 'epochs'],
  steps: ['run', 'steps'],
  batch: ['run', 'batch'],
} as const satisfies Record<string, RecipePath>

export const useRecipeStore = defineStore('recipe', () => {
  const models = useModelsStore()
  const presets = shallowRef<readonly PresetOption[]>([])
  /** The preset the text began as; undefined for the recipe of a run. */
  const presetName = shallowRef<string>()
  const text = shallowRef('')
  const check = shallowRef<RecipeCheck>()
  /** Why presets or checks could not be had. */
  const problem = shallowRef<Problem>()
  /** Whether `check` is about an older text. */
  const checking = shallowRef(false)
  /** Texts as edited, by preset, so that looking at another preset loses nothing. */
  const drafts = new Map<string, string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const checks = createLatest<string, RecipeCheck>({
    run: (recipe) => useClient()['train.check']({ recipe }),
    onResult: (answer, recipe) => {
      if (recipe !== text.value) return
      check.value = answer
      checking.value = false
      problem.value = undefined
    },
    onError: (error, recipe) => {
      if (recipe !== text.value) return
      checking.value = false
      problem.value = problemOf(error)
    },
  })

  const setText = (next: string, afterMs = 0): void => {
    if (next === text.value && check.value !== undefined) return
    text.value = next
    if (presetName.value !== undefined) drafts.set(presetName.value, next)
    checking.value = true
    clearTimeout(timer)
    if (afterMs === 0) checks.request(next)
    else
      timer = setTimeout(() => {
        checks.request(next)
      }, afterMs)
  }
  const edit = (next: string): void => {
    setText(next, checkAfterMs)
  }

  const choosePreset = (name: string): void => {
    const option = presets.value.find(({ preset }) => preset.name === name)
    if (option === undefined) return
    presetName.value = name
    setText(drafts.get(name) ?? option.preset.yaml)
  }
  /** Back to the preset as it comes with the program. */
  const reset = (): void => {
    if (presetName.value === undefined) return
    drafts.delete(presetName.value)
    choosePreset(presetName.value)
  }
  /** Takes the recipe of a run. */
  const adopt = (yaml: string): void => {
    presetName.value = undefined
    setText(yaml)
  }

  const summarise = async (preset: RecipePreset): Promise<PresetOption> => {
    const answer = await useClient()['train.check']({ recipe: preset.yaml })
    return { preset, summary: answer.ok ? answer.summary : undefined }
  }
  /** Reads the presets once and proposes one of them where there is no recipe yet. */
  const load = async (): Promise<void> => {
    if (presets.value.length > 0) return
    try {
      const found = await useClient()['train.presets'](undefined)
      if (!models.loaded) await models.load()
      presets.value = await Promise.all(found.map(summarise))
      problem.value = undefined
      const proposed = proposedPreset(presets.value, models.models)
      if (text.value === '' && proposed !== undefined) choosePreset(proposed.preset.name)
    } catch (error) {
      problem.value = problemOf(error)
    }
  }

  const problems = computed<readonly RecipeProblem[]>(() => (check.value?.ok === false ? check.value.problems : []))
  /** What the recipe amounts to, as far as it is understood; while it is edited, what it was. */
  const summary = computed<RecipeSummary | undefined>(() => (check.value?.ok === true ? check.value.summary : undefined))
  const isSound = computed(() => check.value?.ok === true && !checking.value)
  const isEdited = computed(() => presets.value.some(({ preset }) => preset.name === presetName.value && preset.yaml !== text.value))
  const valueOf = (path: RecipePath): RecipeValue | undefined => readRecipeValue(text.value, path)
  const setValues = (values: readonly (readonly [RecipePath, RecipeValue])[]): void => {
    edit(values.reduce((now, [path, value]) => writeRecipeValue(now, path, value), text.value))
  }

  return { presets, presetName, text, check, checking, problem, problems, summary, isSound, isEdited, load, choosePreset, reset, adopt, edit, valueOf, setValues }
})
