// Empty, in the place of @webgpu/types: see test/steps/types.js.
