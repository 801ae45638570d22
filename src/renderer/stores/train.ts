/** @file The run that is being planned: pictures, name, weights to begin with, its trial, its start. Survives leaving the page. */
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { FeasibilityCard, JobHandle, RunInfo, TrainImages, TrainPlan } from '../../engine/contract'
import { useClient } from '../services/client'
import { isCancelled, problemOf, type Problem } from '../services/problem'
import { reduceCard, type CardChange, type CardState } from './card-reducer'
import { useJobsStore } from './jobs'
import { useLibraryStore } from './library'
import { useModelsStore } from './models'
import { recipePaths, useRecipeStore } from './recipe'
import { useRunsStore } from './runs'
import { useSelectionStore, type RowScope } from './selection'
import { effectiveStart, effectiveTeacher, planKey, proposedName, startingPoints, teacherPoints } from './train-draft'

export const useTrainStore = defineStore('train', () => {
  const library = useLibraryStore()
  const selection = useSelectionStore()
  const models = useModelsStore()
  const runs = useRunsStore()
  const recipe = useRecipeStore()
  const jobs = useJobsStore()
  const name = shallowRef('')
  /** All pictures of the folder, those that the library shows, or those that are chosen in it. */
  const scope = shallowRef<RowScope>('all')
  const chosenStart = shallowRef<string>()
  const card = shallowRef<CardState>({ phase: 'none' })
  const starting = shallowRef(false)
  const startProblem = shallowRef<Problem>()
  let trial: JobHandle<FeasibilityCard> | undefined

  const points = computed(() => startingPoints(models.models, runs.runs, recipe.summary))
  const start = computed(() => effectiveStart(points.value, chosenStart.value, recipe.valueOf(recipePaths.init)))
  /** Models to learn from, where the recipe distils. */
  const teachers = computed(() => (recipe.summary?.method === 'distill' ? teacherPoints(models.models, runs.runs, recipe.summary) : []))
  const teacher = computed(() => (teachers.value.length === 0 ? undefined : effectiveTeacher(teachers.value, recipe.valueOf(recipePaths.teacher))))
  const isFiltered = computed(() => library.isNarrowed && library.order.length < (library.library?.counts.images ?? 0))
  /** The scope as it can be had now: what is neither filtered nor chosen is all. */
  const usedScope = computed<RowScope>(() => {
    if (scope.value === 'selected' && selection.count > 0) return 'selected'
    return scope.value === 'shown' && isFiltered.value ? 'shown' : 'all'
  })
  const imageCount = computed(() => {
    const { images = 0, broken = 0, gone = 0 } = library.library?.counts ?? {}
    return usedScope.value === 'all' ? images - broken - gone : selection.countIn(usedScope.value)
  })
  const nameProposal = computed(() => proposedName(library.library?.name, recipe.summary))

  const images = computed<TrainImages | undefined>(() => {
    const opened = library.library
    if (opened === undefined) return undefined
    void selection.version
    const rows = selection.rowsIn(usedScope.value)
    const imageIds = rows && Array.from(rows, (row) => library.entryOfRow(row)?.id ?? '').filter((id) => id !== '')
    return { libraryId: opened.libraryId, imageIds }
  })
  /** Why nothing can be started yet, in words. */
  const obstacle = computed<string | undefined>(() => {
    if (library.library === undefined) return 'Open the folder to learn from.'
    if (library.state.phase === 'scanning' || library.state.phase === 'opening') return 'The folder is still being read.'
    if (imageCount.value < 2) return 'Learning needs at least two pictures.'
    const [problem] = recipe.problems
    if (problem !== undefined) return `Recipe${problem.line === undefined ? '' : `, line ${problem.line}`}: ${[problem.path, problem.message].filter(Boolean).join(' ')}.`
    if (start.value?.refusal !== undefined) return `${start.value.label} is ${start.value.refusal}. Choose other weights to begin with.`
    if (teacher.value?.refusal !== undefined) return `${teacher.value.label} ${teacher.value.refusal}. Choose another model to learn from.`
    if (!recipe.isSound || start.value === undefined) return 'The recipe is being checked.'
    return undefined
  })
  const plan = computed<TrainPlan | undefined>(() => {
    if (images.value === undefined || start.value === undefined || obstacle.value !== undefined) return undefined
    return { name: name.value.trim() || nameProposal.value, images: images.value, recipe: recipe.text, init: start.value.value }
  })
  const isCardCurrent = computed(() => card.value.phase !== 'none' && plan.value !== undefined && card.value.key === planKey(plan.value))

  const dispatch = (change: CardChange): void => {
    card.value = reduceCard(card.value, change)
  }

  /** Tries some steps of the plan as it stands. */
  const measure = async (): Promise<void> => {
    if (plan.value === undefined || card.value.phase === 'measuring') return
    dispatch({ kind: 'measure', key: planKey(plan.value) })
    const line = jobs.begin('Trying some steps')
    trial = useClient()['train.card'](plan.value, (progress) => {
      line.report(progress)
      dispatch(progress)
    })
    line.attach(trial)
    try {
      dispatch({ kind: 'measured', card: await trial.result })
    } catch (error) {
      dispatch(isCancelled(error) ? { kind: 'cancelled' } : { kind: 'failed', problem: problemOf(error) })
    }
  }
  const stopMeasuring = async (): Promise<void> => {
    dispatch({ kind: 'stop' })
    await trial?.cancel()
  }

  /** Begins the run; undefined where the engine refuses, which `startProblem` explains. */
  const begin = async (): Promise<RunInfo | undefined> => {
    if (plan.value === undefined || starting.value) return undefined
    starting.value = true
    startProblem.value = undefined
    // The trial and the run would share the machine.
    if (card.value.phase === 'measuring') await stopMeasuring()
    try {
      const run = await useClient()['train.start'](plan.value)
      runs.take(run)
      name.value = ''
      return run
    } catch (error) {
      startProblem.value = problemOf(error)
      return undefined
    } finally {
      starting.value = false
    }
  }

  /** Fills the page for a new run that begins with the weights of `run`. */
  const fork = async (run: RunInfo): Promise<void> => {
    recipe.adopt(await runs.recipeOf(run.id))
    chosenStart.value = `run:${run.id}`
    name.value = `${run.name}, continued`
    startProblem.value = undefined
  }

  // Another preset is another beginning: weights chosen for the old one are proposed anew.
  watch(
    () => recipe.presetName,
    (preset) => {
      if (preset !== undefined) chosenStart.value = undefined
    },
  )

  return {
    name, scope, chosenStart, card, starting, startProblem, points, start, teachers, teacher, isFiltered, usedScope, imageCount, nameProposal, obstacle, plan, isCardCurrent,
    measure, stopMeasuring, begin, fork,
  }
})
