<?php echo 'guarded ';
