// SPDX-License-Identifier: MIT
// node -r: stops the wall clock at FIXED_CLOCK (seconds since 1970).
const now = Number(process.env.FIXED_CLOCK) * 1000
if (now > 0) Date.now = () => now
