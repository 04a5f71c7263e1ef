/** Optimiser steps in a row whose loss or gradient is not finite that end a run: one may be a freak of its batch. */
export const maxSkippedInARow = 3;
