/** @file Zoom and pan of the picture on the stage: wheel and pinch to the cursor, drag, and clicks that are not drags. */
import { computed, onBeforeUnmount, shallowRef, watch, type Ref } from 'vue'
import { fitPlacement, heldPlacement, zoomedPlacement, type Placement, type Point, type Size } from '../views/inspector/stage-geometry'

export interface StageOptions {
  readonly element: Readonly<Ref<HTMLElement | null>>
  readonly stage: Readonly<Ref<Size>>
  /** Size of the picture in its own pixels; undefined until known. */
  readonly picture: Readonly<Ref<Size | undefined>>
  readonly onClick: (at: Point) => void
  /** Every place that the pointer passes while it is dragged with Shift; the picture stays where it is. */
  readonly onBrush: (at: Point) => void
}

const margin = 24
const dragBeginsPx = 4

export function useStage({ element, stage, picture, onClick, onBrush }: StageOptions) {
  /** Undefined while the picture is fitted, so that it stays fitted when the window changes. */
  const free = shallowRef<Placement>()
  const pointer = shallowRef<Point>()
  const dragging = shallowRef(false)
  const pointers = new Map<number, Point>()
  let pressedAt: Point | undefined
  let brushing = false

  const placement = computed<Placement>(() => {
    if (picture.value === undefined || stage.value.width === 0) return { scale: 1, x: 0, y: 0 }
    return free.value === undefined ? fitPlacement(picture.value, stage.value, margin) : heldPlacement(free.value, picture.value, stage.value)
  })
  const isFitted = computed(() => free.value === undefined)

  const zoomBy = (factor: number, at: Point = { x: stage.value.width / 2, y: stage.value.height / 2 }): void => {
    if (picture.value === undefined) return
    const next = zoomedPlacement(placement.value, factor, at, picture.value, stage.value, margin)
    const fit = fitPlacement(picture.value, stage.value, margin)
    free.value = next.scale <= fit.scale ? undefined : next
  }
  const fit = (): void => {
    free.value = undefined
  }
  /** From fitted to one picture pixel per screen pixel and back. */
  const toggleActualSize = (at?: Point): void => {
    if (free.value !== undefined) fit()
    else zoomBy(Math.max(1 / placement.value.scale, 2), at)
  }

  const pointOf = (event: MouseEvent): Point => {
    const box = element.value?.getBoundingClientRect()
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
  }

  const onWheel = (event: WheelEvent): void => {
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    // Browsers report a pinch as a wheel with Ctrl, in finer steps.
    zoomBy(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.012 : 0.0022)), pointOf(event))
  }

  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    const at = pointOf(event)
    brushing = event.shiftKey && pointers.size === 0
    if (brushing) onBrush(at)
    pointers.set(event.pointerId, at)
    pressedAt = pointers.size === 1 ? at : undefined
    element.value?.setPointerCapture(event.pointerId)
  }

  const pinch = (event: PointerEvent, at: Point): void => {
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    const before = pointers.get(event.pointerId)
    if (other === undefined || before === undefined) return
    const distance = (point: Point): number => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y))
    zoomBy(distance(at) / distance(before), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 })
  }

  const drag = (before: Point, at: Point): void => {
    if (pressedAt !== undefined && Math.hypot(at.x - pressedAt.x, at.y - pressedAt.y) < dragBeginsPx && !dragging.value) return
    dragging.value = true
    const { scale, x, y } = placement.value
    if (free.value !== undefined) free.value = { scale, x: x + at.x - before.x, y: y + at.y - before.y }
  }

  const onMove = (event: PointerEvent): void => {
    const at = pointOf(event)
    pointer.value = at
    const before = pointers.get(event.pointerId)
    if (before === undefined) return
    // A quick stroke passes over more than it is reported at.
    if (brushing) for (const part of event.getCoalescedEvents()) onBrush(pointOf(part))
    if (brushing) onBrush(at)
    else if (pointers.size > 1) pinch(event, at)
    else drag(dragging.value ? before : (pressedAt ?? before), at)
    pointers.set(event.pointerId, at)
  }

  const onUp = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId)) return
    if (!dragging.value && !brushing && pressedAt !== undefined && event.type === 'pointerup') onClick(pointOf(event))
    if (pointers.size === 0) {
      dragging.value = false
      brushing = false
    }
    pressedAt = undefined
  }
  const onLeave = (): void => {
    pointer.value = undefined
  }
  const onDouble = (event: MouseEvent): void => {
    toggleActualSize(pointOf(event))
  }

  const listen = (now: HTMLElement): void => {
    now.addEventListener('wheel', onWheel, { passive: false })
    now.addEventListener('pointerdown', onDown)
    now.addEventListener('pointermove', onMove)
    now.addEventListener('pointerup', onUp)
    now.addEventListener('pointercancel', onUp)
    now.addEventListener('pointerleave', onLeave)
    now.addEventListener('dblclick', onDouble)
  }
  const forget = (before: HTMLElement): void => {
    before.removeEventListener('wheel', onWheel)
    before.removeEventListener('pointerdown', onDown)
    before.removeEventListener('pointermove', onMove)
    before.removeEventListener('pointerup', onUp)
    before.removeEventListener('pointercancel', onUp)
    before.removeEventListener('pointerleave', onLeave)
    before.removeEventListener('dblclick', onDouble)
  }
  watch(element, (now, before) => {
    if (before) forget(before)
    if (now) listen(now)
  })
  onBeforeUnmount(() => {
    if (element.value) forget(element.value)
  })

  return { placement, isFitted, pointer, dragging, zoomBy, fit, toggleActualSize }
}
