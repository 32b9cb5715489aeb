// SPDX-License-Identifier: MIT
export { endWithParent, startSession } from '@wgq/native/system'
