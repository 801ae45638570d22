/** @file The eye that looks at the cloud: it orbits in 3D and slides over a plane in 2D, and can be flown to some of the points. */
import { Box3, MOUSE, OrthographicCamera, PerspectiveCamera, Sphere, TOUCH, Vector3 } from 'three'
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js'

const fieldOfView = 45
const flyMs = 420
/** Space around what is fitted, as a share of it. */
const margin = 1.02

export interface CloudCamera {
  readonly camera: PerspectiveCamera | OrthographicCamera
  /** How much larger points are than when everything is fitted; 1 in 3D, where distance says it. */
  magnification(): number
  resize(width: number, height: number): void
  /** Looks at a ball of the cloud's space, at once or in a short flight. */
  lookAt(ball: Sphere, fly: boolean): void
  /** Larger than 1 comes nearer. */
  zoomBy(factor: number): void
  /** Whether dragging moves the eye; a shape is drawn otherwise. */
  setNavigating(navigating: boolean): void
  /** Takes the next step of a flight or of what a push left; true while there are more. */
  step(): boolean
  dispose(): void
}

/** The ball around points, float32 [points, dims]; those named or all. */
export function ballAround(coordinates: Float32Array, dims: 2 | 3, points?: ArrayLike<number>): Sphere {
  const box = new Box3()
  const corner = new Vector3()
  const count = points?.length ?? coordinates.length / dims
  for (let index = 0; index < count; index++) {
    const start = (points?.[index] ?? index) * dims
    box.expandByPoint(corner.set(coordinates[start]!, coordinates[start + 1]!, dims === 3 ? coordinates[start + 2]! : 0))
  }
  const ball = box.isEmpty() ? new Sphere(new Vector3(), 1) : box.getBoundingSphere(new Sphere())
  // A single point is looked at from a little way off.
  ball.radius = Math.max(ball.radius, 0.04)
  return ball
}

export function createCloudCamera(element: HTMLElement, dims: 2 | 3, onMove: () => void): CloudCamera {
  const camera = dims === 3 ? new PerspectiveCamera(fieldOfView, 1, 0.01, 100) : new OrthographicCamera(-1, 1, 1, -1, -10, 10)
  const controls = new OrbitControls(camera, element)
  controls.enableDamping = true
  controls.dampingFactor = 0.14
  controls.zoomToCursor = true
  controls.enableRotate = dims === 3
  controls.screenSpacePanning = true
  controls.mouseButtons = { LEFT: dims === 3 ? MOUSE.ROTATE : MOUSE.PAN, MIDDLE: MOUSE.DOLLY, RIGHT: MOUSE.PAN }
  controls.touches = { ONE: dims === 3 ? TOUCH.ROTATE : TOUCH.PAN, TWO: TOUCH.DOLLY_PAN }
  controls.minDistance = 0.02
  controls.maxDistance = 20
  controls.minZoom = 0.2
  controls.maxZoom = 500
  controls.addEventListener('change', onMove)
  let aspect = 1
  let flight: { readonly begun: number; readonly from: readonly [Vector3, Vector3, number]; readonly to: readonly [Vector3, Vector3, number] } | undefined

  const shape = (): void => {
    if (camera instanceof PerspectiveCamera) camera.aspect = aspect
    else {
      camera.left = -aspect
      camera.right = aspect
    }
    camera.updateProjectionMatrix()
  }
  const put = (target: Vector3, position: Vector3, zoom: number): void => {
    controls.target.copy(target)
    camera.position.copy(position)
    camera.zoom = zoom
    camera.updateProjectionMatrix()
    controls.update()
  }
  const narrow = (): number => Math.min(1, aspect)

  const destination = (ball: Sphere): readonly [Vector3, Vector3, number] => {
    const target = ball.center.clone()
    if (camera instanceof OrthographicCamera) return [target, target.clone().add(new Vector3(0, 0, 5)), narrow() / (ball.radius * margin)]
    const direction = camera.position.clone().sub(controls.target)
    if (direction.lengthSq() === 0) direction.set(0.5, 0.35, 1)
    const distance = (ball.radius * margin) / Math.sin((fieldOfView * Math.PI) / 360) / narrow()
    return [target, target.clone().addScaledVector(direction.normalize(), distance), 1]
  }

  return {
    camera,
    magnification: () => (camera instanceof OrthographicCamera ? camera.zoom : 1),
    resize: (width, height) => {
      aspect = width / Math.max(1, height)
      shape()
      onMove()
    },
    lookAt: (ball, fly) => {
      const to = destination(ball)
      if (fly) flight = { begun: performance.now(), from: [controls.target.clone(), camera.position.clone(), camera.zoom], to }
      else put(...to)
      onMove()
    },
    zoomBy: (factor) => {
      if (camera instanceof OrthographicCamera) {
        camera.zoom = Math.min(controls.maxZoom, Math.max(controls.minZoom, camera.zoom * factor))
        camera.updateProjectionMatrix()
      } else camera.position.sub(controls.target).divideScalar(factor).add(controls.target)
      controls.update()
      onMove()
    },
    setNavigating: (navigating) => {
      controls.enabled = navigating
    },
    step: () => {
      if (flight === undefined) return controls.update()
      const share = Math.min(1, (performance.now() - flight.begun) / flyMs)
      const eased = 1 - (1 - share) ** 3
      const { from, to } = flight
      put(from[0].clone().lerp(to[0], eased), from[1].clone().lerp(to[1], eased), from[2] * (to[2] / from[2]) ** eased)
      if (share === 1) flight = undefined
      return true
    },
    dispose: () => {
      controls.dispose()
    },
  }
}
