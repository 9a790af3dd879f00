SELECT seq, convert_to(at, 'UTF8'), convert_to(person, 'UTF8'), convert_to(event, 'UTF8'), convert_to(run, 'UTF8'),
       convert_to(step, 'UTF8'), convert_to(body, 'UTF8'), convert_to(prev, 'UTF8'), convert_to(hash, 'UTF8')
FROM shisa.append(%s, %s, %s, %s, %s, %s, %s)
