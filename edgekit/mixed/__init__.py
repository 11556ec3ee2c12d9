"""Mixed precision: each layer measured alone, then the best assignments solved for.

One file for each engine tells which layers hold weights (`layers`), which precisions it has
(`PRECISIONS`, beside float), which rewrites come first (`REWRITES`) and which passes make an
assignment (`passes`). What the names of precisions mean:

| name | weights | activations on LiteRT | on OpenVINO |
|---|---|---|---|
| w8 | 8 bits, a scale for each channel | float | float |
| w8a8 | 8 bits | 8 bits, ranges at run time | 8 bits, calibrated |
| 16x8 | 8 bits | 16 bits, calibrated | - |
| w4 | 4 bits, a scale for each channel | 8 bits, at run time | float; other layers than dense: w8 |
| w4b32, w2b32 | 4 or 2 bits, a scale for 32, dense layers | 8 bits, at run time | - |
"""
