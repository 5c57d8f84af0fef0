import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tracker/test/**/*.test.ts', 'browser_runtime/test/**/*.test.ts', 'intently/demo/**/*.test.ts'],
  },
});
