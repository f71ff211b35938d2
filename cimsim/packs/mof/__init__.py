"""The MOF front end: from text to declarations, in DMTF's MOF (DSP0004, annex A) and in that of Windows."""
