"""Twins: cases of the clinic, rebuilt in PyTorch and measured by its Watch, against the same cases in the service.

`bench.twins.choice` chooses the cases, and says of the others what PyTorch does not have. `bench.twins.in_service`
trains them with the service's engine and keeps, for each, samples, initial weights, record 0 and the diagnosis.
`bench.twins.in_keras` measures record 0 in float64, by the parts of Keras's Watch. `bench.twins.in_torch` runs in the
environment with PyTorch: it measures record 0 on the same weights, and trains each case by itself, as a user would.
`bench.twins.agreement` compares the results.

The modules that import PyTorch, and those that import Keras, run in processes of their own. They exchange files in one
folder per case (`bench.twins.folder`), so that what is finished is not done again.
"""
