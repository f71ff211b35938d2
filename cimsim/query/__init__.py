"""WQL, DMTF:CQL and DMTF:FQL: grammar and evaluation."""
