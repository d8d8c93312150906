"""What is the same for all members of a training, in processes or in pods: faults and logs."""
