import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 30_000, // a loaded machine is slow, not wrong
    include: ['tracker/test/**/*.test.ts', 'browser_runtime/test/**/*.test.ts', 'intently/demo/**/*.test.ts'],
  },
});
